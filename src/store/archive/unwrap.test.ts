import { expect, test } from 'bun:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { unwrap } from './unwrap.ts';

async function* parts(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

async function sizeOf(source: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  await unwrap(source, async (chunks) => {
    for await (const chunk of chunks) size += chunk.length;
  });
  return size;
}

test('Plain, gzip (in several members) and zstd come out plain, in whatever pieces they come', async () => {
  const plain = Buffer.alloc(100_000, 'abc');
  const member = gzipSync(plain);
  expect(await sizeOf(parts(plain))).toBe(100_000);
  expect(await sizeOf(parts(member, member))).toBe(200_000);
  expect(await sizeOf(parts(zstdCompressSync(plain)))).toBe(100_000);
  expect(await sizeOf(parts(...Array.from(member, (_, at) => member.subarray(at, at + 1))))).toBe(100_000);
  expect(await sizeOf(parts(Buffer.from('x')))).toBe(1);
  expect(await sizeOf(parts())).toBe(0);
});

test('What is cut or of another kind is refused', async () => {
  const member = gzipSync(Buffer.alloc(100_000, 'abc'));
  for (const [bytes, kind] of [
    [member.subarray(0, 50), 'corrupt'],
    [Buffer.concat([member.subarray(0, 60), Buffer.alloc(60, 9)]), 'corrupt'],
    [Buffer.from('\xfd7zXZ\0', 'latin1'), 'unsupported'],
    [Buffer.from('BZh91AY'), 'unsupported'],
  ] as const) {
    expect(await sizeOf(parts(bytes)).catch((error: unknown) => error)).toMatchObject({ kind });
  }
});

test('A decompression bomb is given up before it has filled the disk', async () => {
  const member = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const error: unknown = await sizeOf(parts(...Array.from({ length: 60 }, () => member))).catch((e: unknown) => e);
  expect(error).toMatchObject({ kind: 'corrupt', hint: 'It looks like a decompression bomb.' });
}, 60_000);
