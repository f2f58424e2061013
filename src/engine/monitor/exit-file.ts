import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the monitor wrote, durably, before anybody was told of the end. */
export interface ExitStatus {
  /** Exit status as a shell counts it: 128+n for a signal. */
  code: number;
  /** The signal that ended it, 0 for none. */
  signal: number;
  oom: boolean;
  /** Milliseconds since 1970. */
  started: number;
  finished: number;
  /** Another run follows so many milliseconds after this one, if its monitor lives so long. */
  restarting?: number;
  /** Set when the container ended in another way than by itself. */
  error?: string;
  /** Of an end that was none of success. */
  figures?: ExitFigures;
}

/** What the kernel had counted for the control groups; what it does not count is left out. Bytes and numbers. */
export interface ExitFigures {
  /** Processes that were killed for want of memory. */
  oomKills?: number;
  memoryPeak?: number;
  memoryLimit?: number;
  /** How often a process could not be made because there were `pidsLimit`. */
  pidsRefused?: number;
  pidsLimit?: number;
}

const FIGURES: readonly (readonly [string, keyof ExitFigures])[] = [
  ['oom_kills', 'oomKills'],
  ['memory_peak', 'memoryPeak'],
  ['memory_limit', 'memoryLimit'],
  ['pids_refused', 'pidsRefused'],
  ['pids_limit', 'pidsLimit'],
];
/** Version 1 has so large a number for none. */
const NO_LIMIT = 2 ** 62;

/** Reads the text of an `exit` file: one `key=value` a line. */
export function parseExit(text: string): ExitStatus {
  const values = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const number = (key: string): number => Number(values.get(key) ?? 0);
  const milliseconds = (key: string): number => Math.floor(number(key) / 1e6);
  const restarting = values.get('restarting');
  const error = values.get('error') ?? '';
  const figures = figuresOf(values);
  return {
    code: number('code'),
    signal: number('signal'),
    oom: values.get('oom') === '1',
    started: milliseconds('started'),
    finished: milliseconds('finished'),
    ...(restarting === undefined ? {} : { restarting: Number(restarting) }),
    ...(error === '' || error === '0' ? {} : { error }),
    ...(figures === undefined ? {} : { figures }),
  };
}

function figuresOf(values: ReadonlyMap<string, string>): ExitFigures | undefined {
  const found = FIGURES.flatMap(([key, name]) => {
    const value = Number(values.get(key) ?? 0);
    return value > 0 && value < NO_LIMIT ? [[name, value] as const] : [];
  });
  return found.length === 0 ? undefined : (Object.fromEntries(found) as ExitFigures);
}

export function formatExit(status: ExitStatus): string {
  const nanoseconds = (ms: number): string => `${BigInt(Math.floor(ms)) * 1_000_000n}`;
  return [
    `code=${status.code}`,
    `signal=${status.signal}`,
    `oom=${status.oom ? 1 : 0}`,
    `started=${nanoseconds(status.started)}`,
    `finished=${nanoseconds(status.finished)}`,
    `error=${(status.error ?? '').replaceAll('\n', ' ')}`,
    '',
  ].join('\n');
}

/** The exit of the container kept in `directory`, or undefined when it has not ended. */
export function readExit(directory: string): ExitStatus | undefined {
  const path = join(directory, 'exit');
  // Asked first, because most run, and an error that is thrown costs the front as much as ten looks.
  if (!existsSync(path)) return undefined;
  try {
    return parseExit(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
