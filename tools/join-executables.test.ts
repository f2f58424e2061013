import { expect, test } from 'bun:test';
import { join, type Elf } from './join-executables.ts';

const segment = (type: number, address: bigint) => ({
  type,
  flags: 5,
  offset: 0n,
  address,
  fileSize: 0x200n,
  memorySize: 0x300n,
  align: 4096n,
});

const elf = (address: bigint, types: readonly number[], text = ''): Elf => {
  const bytes = Buffer.alloc(5000);
  bytes.write(text, 256, 'latin1');
  return { bytes, entry: address + 0x10n, headersAt: 64n, segments: types.map((type) => segment(type, address)) };
};
const FRONT = elf(0x60000000n, [1, 1], 'sampan-joined-1\0');
const LARGE = elf(0x200000n, [3, 1, 2, 0x6474e551]);

test('one table of segments for both, and what the front needs to become the other', () => {
  const joined = join(FRONT, LARGE);
  expect(joined.readBigUInt64LE(24)).toBe(FRONT.entry);
  const headersAt = Number(joined.readBigUInt64LE(32));
  const types = Array.from({ length: joined.readUInt16LE(56) }, (_, at) => joined.readUInt32LE(headersAt + at * 56));
  expect(types).toEqual([1, 0x6474e551, 1, 1]);
  expect(joined.readBigUInt64LE(headersAt + 2 * 56 + 8) % 4096n).toBe(0n);
  const place = joined.indexOf('sampan-joined-1', 0, 'latin1') + 16;
  expect([0, 8, 16].map((at) => joined.readBigUInt64LE(place + at))).toEqual([LARGE.entry, 0x200040n, 4n]);
});

test('what cannot be joined is refused', () => {
  expect(() => join(elf(0x1000n, [1], 'sampan-joined-1\0'), LARGE)).toThrow('above the large program');
  expect(() => join(FRONT, elf(0x200000n, [1]))).toThrow('no dynamic loader');
  expect(() => join(elf(0x60000000n, [1]), LARGE)).toThrow('no place');
});
