import { BLOCK, readNumber, tarFault } from './tar-header.ts';

/** Where the stored bytes of a sparse file belong: offset and length in turn, ascending. */
export type SparseMap = readonly number[];

const PAIR = 24;
const HEADER_MAP_AT = 386;
const HEADER_PAIRS = 4;
const HEADER_MORE_AT = 482;
const HEADER_SIZE_AT = 483;
const EXTENSION_PAIRS = 21;
const EXTENSION_MORE_AT = 504;
const MOST_NUMBERS = 2_000_000;

/** The map's part in an old GNU header (type `S`), the file's logical size, and whether extension blocks follow. */
export function headerSparse(block: Buffer, offset: number): { map: number[]; size: number; more: boolean } {
  return {
    map: readPairs(block, HEADER_MAP_AT, HEADER_PAIRS, offset),
    size: readNumber(block, HEADER_SIZE_AT, 12, offset, 'size'),
    more: block[HEADER_MORE_AT] === 1,
  };
}

/** The map's part in one extension block after such a header. */
export function extensionSparse(block: Buffer, offset: number): { map: number[]; more: boolean } {
  return { map: readPairs(block, 0, EXTENSION_PAIRS, offset), more: block[EXTENSION_MORE_AT] === 1 };
}

function readPairs(block: Buffer, at: number, count: number, offset: number): number[] {
  const map: number[] = [];
  for (let pair = 0; pair < count; pair++) {
    const start = at + pair * PAIR;
    if (block[start] === 0) break;
    map.push(
      readNumber(block, start, 12, offset, 'sparse map'),
      readNumber(block, start + 12, 12, offset, 'sparse map'),
    );
  }
  return map;
}

/**
 * The map of GNU format 1.0, which stands at the start of the file's data as decimal lines in whole blocks. Gives
 * undefined while `bytes` (whole blocks so far) do not hold all of it.
 */
export function textSparse(bytes: Buffer, offset: number): SparseMap | undefined {
  const lines = bytes.toString('latin1').split('\n');
  lines.pop(); // the part after the last line feed
  const count = lines[0] === undefined ? undefined : mapNumber(lines[0], offset);
  if (count === undefined) return undefined;
  if (count * 2 > MOST_NUMBERS) throw tarFault(offset, 'the sparse map is too large');
  if (lines.length < 1 + count * 2) return undefined;
  return lines.slice(1, 1 + count * 2).map((line) => mapNumber(line, offset));
}

function mapNumber(line: string, offset: number): number {
  if (!/^[0-9]{1,15}$/.test(line)) throw tarFault(offset, 'the sparse map holds something else than numbers');
  return Number(line);
}

/** Throws `corrupt` unless the pieces ascend, stay within the file and add up to the stored bytes. */
export function checkSparse(map: SparseMap, size: number, stored: number, offset: number): void {
  if (map.length % 2 !== 0) throw tarFault(offset, 'the sparse map ends in the middle of a pair');
  if (map.length > MOST_NUMBERS) throw tarFault(offset, 'the sparse map is too large');
  let end = 0;
  let sum = 0;
  for (let at = 0; at < map.length; at += 2) {
    const start = map[at] ?? 0;
    const length = map[at + 1] ?? 0;
    if (start < end || start + length > size) throw tarFault(offset, 'the sparse map does not fit its file');
    end = start + length;
    sum += length;
  }
  if (sum !== stored) throw tarFault(offset, `the sparse map covers ${sum} bytes, ${stored} are stored`);
}

/** Bytes that fill the last block. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
