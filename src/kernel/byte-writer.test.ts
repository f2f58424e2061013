import { expect, test } from 'bun:test';
import { ByteWriter } from './byte-writer.ts';

const bytes = (write: (out: ByteWriter) => void, capacity?: number): number[] => {
  const out = new ByteWriter(capacity);
  write(out);
  return [...out.take()];
};

test('numbers are little-endian; a 64-bit one may come as either kind', () => {
  expect(bytes((out) => out.u16(0x0102))).toEqual([2, 1]);
  expect(bytes((out) => out.u32(0xfffffffe))).toEqual([0xfe, 0xff, 0xff, 0xff]);
  const wide = [0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x03, 0];
  expect(bytes((out) => out.u64(0x0003456789abcdefn))).toEqual(wide);
  expect(bytes((out) => out.u64Number(0x0003456789abcdef))).toEqual(wide);
  expect(bytes((out) => out.u64(-1n))).toEqual(Array(8).fill(255));
});

test('a text is its length in bytes, the bytes and a NUL', () => {
  expect(bytes((out) => out.text('aé', 'utf8'))).toEqual([3, 0, 0, 0, 0x61, 0xc3, 0xa9, 0]);
  expect(bytes((out) => out.text('aé', 'latin1'))).toEqual([2, 0, 0, 0, 0x61, 0xe9, 0]);
  expect(() => bytes((out) => out.text('a\0b', 'utf8'))).toThrow('NUL');
});

test('it grows past its first size, and starts anew after what it had was taken', () => {
  const out = new ByteWriter(8);
  out.text('x'.repeat(5000), 'utf8');
  out.u32(7);
  const first = out.take();
  expect(first.length).toBe(5009);
  expect([...first.subarray(-4)]).toEqual([7, 0, 0, 0]);
  out.u16(1);
  expect([...out.take()]).toEqual([1, 0]);
  expect(first[4]).toBe(0x78);
});
