/** Layers as the world's tools compress them. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { fakeRegistry, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { testImage, type TestLayer } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';
import { tar } from '#store/testing/tar-writer.ts';

let registry: FakeRegistry;
let at: TestStore;
beforeEach(async () => {
  registry = await fakeRegistry();
  at = testStore();
});
afterEach(async () => {
  await registry.close();
  at.close();
});

const content = randomBytes(300_000);
const archive = tar({ name: 'data', content });
const [first, second] = [archive.subarray(0, 100_000), archive.subarray(100_000)];
const GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
const ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';

/** A frame that decompressors pass over (RFC 8878, 3.1.2), where zstd:chunked keeps its table of contents. */
function skippable(bytes: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d_2a50, 0);
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

const layers: [string, string, Buffer][] = [
  ['gzip in several members', GZIP, Buffer.concat([gzipSync(first), gzipSync(second)])],
  ['gzip padded with zeros', GZIP, Buffer.concat([gzipSync(archive), Buffer.alloc(1000)])],
  ['gzip in members, padded', GZIP, Buffer.concat([gzipSync(first), gzipSync(second), Buffer.alloc(512)])],
  ['gzip with an empty member', GZIP, Buffer.concat([gzipSync(archive), gzipSync(Buffer.alloc(0))])],
  ['zstd in several frames', ZSTD, Buffer.concat([zstdCompressSync(first), zstdCompressSync(second)])],
  [
    'zstd:chunked',
    ZSTD,
    Buffer.concat([zstdCompressSync(first), zstdCompressSync(second), skippable(zstdCompressSync(Buffer.from('{}')))]),
  ],
  [
    'zstd with its skippable frame first',
    ZSTD,
    Buffer.concat([skippable(Buffer.alloc(64)), zstdCompressSync(archive)]),
  ],
];

test.each(layers)('%s', async (_, mediaType, blob) => {
  const layer: TestLayer = { archive, blob, mediaType };
  registry.add('app', '1', testImage([layer]));
  const { chainId } = await at.store.pull(`${registry.host}/app:1`);
  expect(readFileSync(join(at.tree(chainId), 'data')).equals(content)).toBe(true);
});
