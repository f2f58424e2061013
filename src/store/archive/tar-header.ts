import { Fault } from '#base/fault.ts';

/** The fields of one 512-byte header block (POSIX.1-2017 pax, "ustar Interchange Format"), strings as latin1. */
export interface TarHeader {
  /** The type flag; `\0` of old archives is given as `0`. */
  type: string;
  name: string;
  link: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  major: number;
  minor: number;
}

export const BLOCK = 512;
const CHECKSUM_AT = 148;
const CHECKSUM_END = 156;

export function tarFault(offset: number, why: string): Fault {
  return new Fault('corrupt', `read the archive at byte ${offset}: ${why}`, { facts: { offset } });
}

export function isZeroBlock(block: Buffer): boolean {
  if (block[0] !== 0) return false;
  for (let at = 0; at < BLOCK; at++) if (block[at] !== 0) return false;
  return true;
}

/** Decodes and verifies a header. `offset` is its place in the archive, for messages. Throws `corrupt`. */
export function decodeHeader(block: Buffer, offset: number): TarHeader {
  verifyChecksum(block, offset);
  const number = (at: number, size: number, what: string): number => readNumber(block, at, size, offset, what);
  const type = String.fromCharCode(block[156] ?? 0);
  return {
    type: type === '\0' ? '0' : type,
    name: fullName(block),
    link: readText(block, 157, 100),
    mode: number(100, 8, 'mode') & 0o7777,
    uid: number(108, 8, 'owner'),
    gid: number(116, 8, 'group'),
    size: number(124, 12, 'size'),
    mtime: number(136, 12, 'time'),
    major: type === '3' || type === '4' ? number(329, 8, 'major number') : 0,
    minor: type === '3' || type === '4' ? number(337, 8, 'minor number') : 0,
  };
}

/** Only POSIX archives have a prefix there; GNU's magic (`ustar` and two blanks) uses the place for times. */
function fullName(block: Buffer): string {
  const name = readText(block, 0, 100);
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix && block[345] !== 0 ? readText(block, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Some old programs summed the bytes as signed ones. */
function verifyChecksum(block: Buffer, offset: number): void {
  let unsigned = 0;
  let high = 0;
  for (let at = 0; at < BLOCK; at++) {
    const byte = at >= CHECKSUM_AT && at < CHECKSUM_END ? 0x20 : (block[at] ?? 0);
    unsigned += byte;
    if (byte > 127) high++;
  }
  const stored = readNumber(block, CHECKSUM_AT, 8, offset, 'checksum');
  if (stored !== unsigned && stored !== unsigned - high * 256) {
    throw tarFault(offset, `the header's checksum is ${stored}, its bytes sum up to ${unsigned}`);
  }
}

function readText(block: Buffer, at: number, size: number): string {
  const end = block.indexOf(0, at);
  return block.toString('latin1', at, end === -1 || end > at + size ? at + size : end);
}

/**
 * A number field: octal digits with blanks and NULs around, or base-256 (the first bit set; the second one is the
 * sign; GNU and star). Throws `corrupt` for other text and for what exceeds 2^53.
 */
export function readNumber(block: Buffer, at: number, size: number, offset: number, what: string): number {
  const first = block[at] ?? 0;
  if (first & 0x80) return readBase256(block, at, size, offset, what);
  let value = 0;
  let index = at;
  const end = at + size;
  while (index < end && block[index] === 0x20) index++;
  for (; index < end; index++) {
    const digit = (block[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; index < end; index++) {
    const byte = block[index];
    if (byte !== 0 && byte !== 0x20) throw tarFault(offset, `the ${what} is not an octal number`);
  }
  return value;
}

function readBase256(block: Buffer, at: number, size: number, offset: number, what: string): number {
  const first = block[at] ?? 0;
  let value = BigInt(first & 0x40 ? (first & 0x7f) - 0x80 : first & 0x3f);
  for (let index = at + 1; index < at + size; index++) value = (value << 8n) | BigInt(block[index] ?? 0);
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw tarFault(offset, `the ${what} is out of range`);
  return result;
}
