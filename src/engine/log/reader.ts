import { closeSync, fstatSync, readSync } from 'node:fs';
import { isReplaced, openLog, rotations, type LogPlace } from './files.ts';
import type { Decoder, LogFormat } from './records.ts';
import { tailPlace } from './tail.ts';

const ROOM = 1 << 20;

export interface LogReader {
  /** Hands out what has come since the last time, or with `bounded` no more than was there at the beginning. */
  drain(bounded: boolean): void;
  close(): void;
}

export interface ReaderRequest {
  place: LogPlace;
  format: LogFormat;
  decode: Decoder;
  /** Only the last so many lines of what is there. */
  tail?: number;
  /** So many files were rotated away before they could be read. */
  onLost: (files: number) => void;
}

interface Source {
  file: number;
  at: number;
}

/**
 * Reads the files of a log, oldest first, and then what is added, across rotations. All files that are still to be read
 * are held open, so that only those are lost which came and went between two looks.
 */
export function logReader({ place, format, decode, tail, onLost }: ReaderRequest): LogReader {
  const scan = scanner(decode);
  let queue: Source[] = [];
  let rotated = 0;
  /** Takes the newest files, so many of them, into the queue, and lets go of the others. */
  const adopt = (): number => {
    const log = openLog(place);
    const wanted = queue.length === 0 ? log.files.length : Math.max(1, (log.rotations - rotated + 1) >> 1);
    for (const file of log.files.slice(wanted)) closeSync(file);
    queue.push(
      ...log.files
        .slice(0, wanted)
        .map((file) => ({ file, at: 0 }))
        .reverse(),
    );
    rotated = log.rotations;
    return wanted - Math.min(wanted, log.files.length);
  };
  adopt();
  if (tail !== undefined) queue = startAt(queue, tail, format);
  const bound = queue.map(({ file }) => fstatSync(file).size).at(-1) ?? 0;
  /** Whether there is a newer file than those of the queue. */
  const advance = (): boolean => {
    const last = queue.at(-1);
    if (last !== undefined && rotations(place) === rotated && !isReplaced(place, last.file)) return false;
    // Nothing is added to a file after its rotation has been counted.
    if (last !== undefined) scan.read(last);
    const lost = adopt();
    if (lost > 0) onLost(lost);
    return queue.length > (last === undefined ? 0 : 1);
  };
  return {
    drain: (bounded) => {
      do {
        for (let source = queue[0]; source !== undefined; source = queue[0]) {
          scan.read(source, bounded && queue.length === 1 ? bound : Infinity);
          if (queue.length === 1) break;
          closeSync(source.file);
          queue.shift();
          scan.reset();
        }
      } while (!bounded && advance());
    },
    close: () => queue.splice(0).forEach(({ file }) => closeSync(file)),
  };
}

function startAt(oldestFirst: readonly Source[], tail: number, format: LogFormat): Source[] {
  const newestFirst = oldestFirst.map(({ file }) => file).reverse();
  const { back, at } = tailPlace(newestFirst, tail, format);
  for (const file of newestFirst.slice(back + 1)) closeSync(file);
  return newestFirst
    .slice(0, back + 1)
    .map((file, index) => ({ file, at: index === back ? at : 0 }))
    .reverse();
}

/** Reads a file on to its end, in large pieces; half a record waits for its rest. */
function scanner(decode: Decoder): { read(source: Source, most?: number): void; reset(): void } {
  let buffer = Buffer.allocUnsafe(ROOM);
  let used = 0;
  return {
    read: (source, most = Infinity) => {
      while (source.at < most) {
        if (used === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
        const got = readSync(source.file, buffer, used, Math.min(buffer.length - used, most - source.at), source.at);
        if (got === 0) return;
        source.at += got;
        const taken = decode(buffer.subarray(0, used + got));
        buffer.copyWithin(0, taken, used + got);
        used += got - taken;
      }
    },
    // The end of a file that a monitor did not live to finish.
    reset: () => void (used = 0),
  };
}
