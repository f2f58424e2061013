import { readFileSync } from 'node:fs';
import type { ExitFigures } from '#engine/monitor/exit-file.ts';

/** The same that the monitor reads at the end (launcher/monitor_end.c), of either version. */
const FILES: readonly (readonly [file: string, pattern: RegExp, name: keyof ExitFigures])[] = [
  ['memory.oom_control', /^oom_kill (\d+)$/m, 'oomKills'],
  ['memory.events', /^oom_kill (\d+)$/m, 'oomKills'],
  ['memory.max_usage_in_bytes', /^(\d+)/, 'memoryPeak'],
  ['memory.peak', /^(\d+)/, 'memoryPeak'],
  ['memory.limit_in_bytes', /^(\d+)/, 'memoryLimit'],
  ['memory.max', /^(\d+)/, 'memoryLimit'],
  ['pids.events', /^max (\d+)$/m, 'pidsRefused'],
  ['pids.max', /^(\d+)/, 'pidsLimit'],
];
const NO_LIMIT = 2 ** 62;

/** What the control groups of a running container have counted so far. */
export function liveFigures(directories: readonly string[]): ExitFigures {
  const found = FILES.flatMap(([file, pattern, name]) =>
    directories.flatMap((directory) => {
      const value = Number(pattern.exec(textOf(`${directory}/${file}`))?.[1] ?? 0);
      return value > 0 && value < NO_LIMIT ? [[name, value] as const] : [];
    }),
  );
  return Object.fromEntries(found) as ExitFigures;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // Each hierarchy has its own files.
  }
}
