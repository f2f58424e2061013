/**
 * join-executables FRONT LARGE TARGET: one ELF file that holds both programs. The kernel maps the segments of both and
 * begins in the front, which goes on by itself or becomes the large program (front/entry.c). The large one must be an
 * executable at fixed addresses, below the front's, as Bun makes them.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';

const HEADER_SIZE = 56;
const PAGE = 4096;
const MARKER = 'sampan-joined-1\0';
const LOAD = 1;
const INTERPRETER = 3;
const KEPT = new Set([LOAD, 0x6474e551 /* GNU_STACK */]);

interface Segment {
  type: number;
  flags: number;
  offset: bigint;
  address: bigint;
  fileSize: bigint;
  memorySize: bigint;
  align: bigint;
}

export interface Elf {
  bytes: Buffer;
  entry: bigint;
  headersAt: bigint;
  segments: Segment[];
}

const readSegment = (bytes: Buffer, at: number): Segment => ({
  type: bytes.readUInt32LE(at),
  flags: bytes.readUInt32LE(at + 4),
  offset: bytes.readBigUInt64LE(at + 8),
  address: bytes.readBigUInt64LE(at + 16),
  fileSize: bytes.readBigUInt64LE(at + 32),
  memorySize: bytes.readBigUInt64LE(at + 40),
  align: bytes.readBigUInt64LE(at + 48),
});

function writeSegment(bytes: Buffer, at: number, segment: Segment): void {
  bytes.writeUInt32LE(segment.type, at);
  bytes.writeUInt32LE(segment.flags, at + 4);
  for (const [place, value] of [
    [8, segment.offset],
    [16, segment.address],
    [24, segment.address],
    [32, segment.fileSize],
    [40, segment.memorySize],
    [48, segment.align],
  ] as const) {
    bytes.writeBigUInt64LE(value, at + place);
  }
}

function readElf(path: string): Elf {
  const bytes = readFileSync(path);
  const executable = bytes.subarray(0, 5).equals(Buffer.from('\x7fELF\x02', 'latin1')) && bytes.readUInt16LE(16) === 2;
  if (!executable) throw new Error(`${path} is not a 64-bit ELF executable at fixed addresses`);
  const headersAt = bytes.readBigUInt64LE(32);
  const count = bytes.readUInt16LE(56);
  const segments = Array.from({ length: count }, (_, at) => readSegment(bytes, Number(headersAt) + at * HEADER_SIZE));
  return { bytes, entry: bytes.readBigUInt64LE(24), headersAt, segments };
}

/** Where the kernel maps the program headers of an executable to. */
function headersAddress({ segments, headersAt }: Elf): bigint {
  const holder = segments.find(
    ({ type, offset, fileSize }) => type === LOAD && offset <= headersAt && headersAt < offset + fileSize,
  );
  if (holder === undefined) throw new Error('the program headers are in no segment');
  return holder.address + headersAt - holder.offset;
}

const endOf = ({ segments }: Elf): bigint =>
  segments.reduce(
    (end, { type, address, memorySize }) => (type === LOAD && address + memorySize > end ? address + memorySize : end),
    0n,
  );

export function join(front: Elf, large: Elf): Buffer {
  const first = front.segments.find(({ type }) => type === LOAD)?.address ?? 0n;
  if (first < endOf(large)) throw new Error('the front must lie above the large program');
  if (!large.segments.some(({ type }) => type === INTERPRETER))
    throw new Error('the large program names no dynamic loader');
  const frontAt = Math.ceil(large.bytes.length / PAGE) * PAGE;
  const segments = [
    ...large.segments.filter(({ type }) => KEPT.has(type)),
    ...front.segments
      .filter(({ type }) => type === LOAD)
      .map((one) => ({ ...one, offset: one.offset + BigInt(frontAt) })),
  ];
  const headersAt = frontAt + Math.ceil(front.bytes.length / PAGE) * PAGE;
  const joined = Buffer.alloc(headersAt + segments.length * HEADER_SIZE);
  large.bytes.copy(joined);
  front.bytes.copy(joined, frontAt);
  segments.forEach((segment, at) => writeSegment(joined, headersAt + at * HEADER_SIZE, segment));
  const marker = joined.indexOf(MARKER, frontAt, 'latin1');
  if (marker < 0) throw new Error('the front has no place for what it is joined with');
  joined.writeBigUInt64LE(large.entry, marker + 16);
  joined.writeBigUInt64LE(headersAddress(large), marker + 24);
  joined.writeBigUInt64LE(BigInt(large.segments.length), marker + 32);
  joined.writeBigUInt64LE(front.entry, 24);
  joined.writeBigUInt64LE(BigInt(headersAt), 32);
  joined.writeUInt16LE(segments.length, 56);
  return joined;
}

if (import.meta.main) {
  const [front = '', large = '', target = ''] = process.argv.slice(2);
  writeFileSync(target, join(readElf(front), readElf(large)));
  chmodSync(target, 0o755);
}
