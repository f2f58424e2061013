import { closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Where a container's log is: its newest file, and the directory in which the monitor counts rotations. */
export interface LogPlace {
  path: string;
  directory: string;
}

/** The files of a log, all opened at one moment, so that what is rotated away meanwhile can still be read. */
export interface OpenLog {
  /** Newest first. */
  files: number[];
  /** Of that moment: twice the number of rotations. */
  rotations: number;
}

const PATIENCE_MS = 2000;
const PAUSE_MS = 1;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Twice the number of rotations there have been; odd while one is under way. */
export function rotations({ directory }: LogPlace): number {
  try {
    return Number.parseInt(readFileSync(join(directory, 'rotated'), 'latin1'), 10) || 0;
  } catch {
    return 0;
  }
}

/**
 * Opens the files of one moment between two rotations. A monitor that was killed in the middle of one leaves an odd
 * count that does not change; the files are then those there are.
 */
export function openLog(place: LogPlace): OpenLog {
  let [seen, since] = [-1, 0];
  for (;;) {
    const before = rotations(place);
    if (before !== seen) [seen, since] = [before, performance.now()];
    const isLeft = before % 2 !== 0 && performance.now() - since > PATIENCE_MS;
    if (before % 2 === 0 || isLeft) {
      const files = filesOf(place.path).flatMap(openedOrGone);
      if (rotations(place) === before) return { files, rotations: before };
      for (const file of files) closeSync(file);
    } else Atomics.wait(pause, 0, 0, PAUSE_MS);
  }
}

/** `log`, `log.1` and so on: newest first. */
function filesOf(path: string): string[] {
  const name = basename(path);
  const numbers = readdirSync(dirname(path))
    .filter((one) => one.startsWith(`${name}.`) && /^\d+$/.test(one.slice(name.length + 1)))
    .map((one) => Number(one.slice(name.length + 1)))
    .sort((a, b) => a - b);
  return [path, ...numbers.map((number) => `${path}.${number}`)];
}

function openedOrGone(path: string): number[] {
  try {
    return [openSync(path, 'r')];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Somebody has moved the newest file away and had the monitor open another. */
export function isReplaced({ path }: LogPlace, file: number): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.ino !== fstatSync(file).ino;
}
