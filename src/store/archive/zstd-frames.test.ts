import { randomBytes } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'bun:test';
import type { Fault } from '#base/fault.ts';
import { decompress } from './decompress.ts';

const data = Buffer.concat([randomBytes(200_000), Buffer.alloc(300_000), Buffer.from('end'.repeat(50_000))]);
const withChecksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const skippable = Buffer.concat([Buffer.from([0x57, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from('table')]);
const half = data.length >> 1;
const frames = (...options: object[]): Buffer =>
  Buffer.concat([
    zstdCompressSync(data.subarray(0, half), options[0]),
    zstdCompressSync(data.subarray(half), options[1] ?? options[0]),
  ]);

async function unpacked(bytes: Buffer, size: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  await decompress(pieces(), 'zstd', async (all) => {
    for await (const chunk of all) chunks.push(chunk);
  });
  return Buffer.concat(chunks);
}

const SIZES = [1000, 65_536, 1 << 20];

test.each([
  ['one frame', zstdCompressSync(data)],
  ['a checksum', zstdCompressSync(data, withChecksum)],
  ['two frames', frames()],
  ['two frames, one with a checksum', frames({}, withChecksum)],
  ['skippable frames before, between and behind', Buffer.concat([skippable, frames(), skippable, skippable])],
  ['an empty frame', Buffer.concat([zstdCompressSync(data), zstdCompressSync(Buffer.alloc(0))])],
])('%s, however it comes in', async (_, bytes) => {
  for (const size of SIZES) expect((await unpacked(bytes, size)).equals(data)).toBe(true);
  expect((await unpacked(bytes.subarray(0), 7)).equals(data)).toBe(true);
});

test.each([
  ['zeros behind it', Buffer.concat([zstdCompressSync(data), Buffer.alloc(100)]), 'something else'],
  ['something else behind it', Buffer.concat([frames(), Buffer.from('junk')]), 'something else'],
  ['less than a magic number behind it', Buffer.concat([frames(), Buffer.from([0x28, 0xb5])]), 'middle of a frame'],
  ['half a frame', frames().subarray(0, -10), 'middle of a frame'],
  ['half a skippable frame', Buffer.concat([frames(), skippable.subarray(0, 10)]), 'middle of a frame'],
])('%s is corrupt, however it comes in', async (_, bytes, words) => {
  for (const size of SIZES) {
    const error: unknown = await unpacked(bytes, size).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'corrupt' });
    expect((error as Fault).message).toContain(words);
  }
});
