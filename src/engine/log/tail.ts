import { fstatSync, readSync } from 'node:fs';
import { NEWLINE, type LogFormat } from './records.ts';

const BLOCK = 1 << 18;

/** `back` files before the newest, at this byte of it. */
export interface TailPlace {
  back: number;
  at: number;
}

/** Where the last `count` lines begin, found from the end. A line may be logged in parts; whole ones count. */
export function tailPlace(newestFirst: readonly number[], count: number, format: LogFormat): TailPlace {
  let left = count;
  let isLast = true;
  for (const [back, file] of newestFirst.entries()) {
    const { size } = fstatSync(file);
    if (count === 0) return { back, at: size };
    for (const record of backwards(file, size)) {
      if (isLast || format.endsLine(record.bytes, record.start, record.end)) left -= 1;
      isLast = false;
      if (left < 0) return { back, at: record.at };
    }
  }
  return { back: Math.max(0, newestFirst.length - 1), at: 0 };
}

interface Found {
  bytes: Buffer;
  start: number;
  /** Of its newline. */
  end: number;
  /** Byte of the file after it. */
  at: number;
}

/** The records of a file, the last one first. */
function* backwards(file: number, size: number): Generator<Found> {
  let rest = Buffer.alloc(0);
  for (let top = size; top > 0;) {
    const from = Math.max(0, top - BLOCK);
    const bytes = Buffer.concat([readAt(file, from, top - from), rest]);
    let end = bytes.lastIndexOf(NEWLINE);
    while (end !== -1) {
      const before = end === 0 ? -1 : bytes.lastIndexOf(NEWLINE, end - 1);
      if (before === -1 && from > 0) break;
      yield { bytes, start: before + 1, end, at: from + end + 1 };
      end = before;
    }
    rest = bytes.subarray(0, end + 1);
    top = from;
  }
}

function readAt(file: number, from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let used = 0;
  for (let got = -1; got !== 0 && used < length; used += got)
    got = readSync(file, bytes, used, length - used, from + used);
  return bytes.subarray(0, used);
}
