import { appendFileSync } from 'node:fs';
import type { World } from './world.ts';

export type Level = 'error' | 'warning' | 'debug';

export interface Log {
  /** False when lines go to standard error. */
  readonly toFile: boolean;
  write(level: Level, message: string): void;
}

/** A log file in one of runc's two formats; callers such as containerd read errors back from it. */
export function openLog(path: string | undefined, format: string, world: Pick<World, 'stderr'>, debug: boolean): Log {
  const toFile = path !== undefined && path !== '';
  return {
    toFile,
    write: (level, message) => {
      if (level === 'debug' && !debug) return;
      const line = format === 'json' ? jsonLine(level, message) : textLine(level, message);
      if (!toFile || !isAppended(path, line)) world.stderr.write(line);
    },
  };
}

/** A log that cannot be written must not hide what was to be said there. */
function isAppended(path: string, line: string): boolean {
  try {
    appendFileSync(path, line, { mode: 0o644 });
    return true;
  } catch {
    return false;
  }
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function jsonLine(level: Level, msg: string): string {
  return `${JSON.stringify({ level, msg, time: now() })}\n`;
}

function textLine(level: Level, message: string): string {
  return `time="${now()}" level=${level} msg=${JSON.stringify(message)}\n`;
}
