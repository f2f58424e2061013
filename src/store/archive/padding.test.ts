import { expect, test } from 'bun:test';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { decompressor } from './decompress.ts';
import { unpadded } from './padding.ts';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}
const gathered = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
};

// A size whose last bytes are zeros, as gzip ends in it.
const data = Buffer.alloc(65_536, 'abcdefg');
const two = (pack: (bytes: Buffer) => Buffer): Buffer =>
  Buffer.concat([pack(data.subarray(0, 4096)), pack(data.subarray(4096))]);
const FORMS: readonly (readonly [string, Buffer])[] = [
  ['one member', gzipSync(data)],
  ['two members', two((bytes) => gzipSync(bytes))],
];

test.each(FORMS)('gzip of %s is read with and without padding, however it comes', async (_, packed) => {
  for (const padding of [0, 1, 15, 16, 17, 700, 100_000]) {
    for (const size of [1, 7, 100, 65_536, 1 << 20]) {
      if (size === 1 && padding > 1000) continue;
      let out: Buffer = Buffer.alloc(0);
      const codec = decompressor('gzip');
      if (codec === undefined) throw new Error('no codec');
      await pipeline(unpadded(pieces(Buffer.concat([packed, Buffer.alloc(padding)]), size)), codec, async (chunks) => {
        out = await gathered(chunks as AsyncIterable<Uint8Array>);
      });
      expect({ padding, size, same: out.equals(data) }).toEqual({ padding, size, same: true });
    }
  }
});

test('Zeros with something behind them are passed on, all of them', async () => {
  const bytes = Buffer.concat([Buffer.from('a'), Buffer.alloc(200_000), Buffer.from('b'), Buffer.alloc(5)]);
  for (const size of [1000, 65_536, 1 << 20])
    expect((await gathered(unpadded(pieces(bytes, size)))).equals(bytes)).toBe(true);
  expect((await gathered(unpadded(pieces(Buffer.alloc(100), 10)))).length).toBe(16);
  expect((await gathered(unpadded(pieces(Buffer.alloc(0), 10)))).length).toBe(0);
});
