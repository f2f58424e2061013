/** Hostile archives that somebody has thought of: each ends in a fault, soon, and leaves nothing. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '#store/digest.ts';
import { tar, type TarItem } from '#store/testing/tar-writer.ts';
import { gzipLayer, testImage } from '#store/testing/test-image.ts';
import { storeFuzz, type StoreFuzz } from './store.ts';

let world: StoreFuzz;
beforeAll(async () => {
  world = await storeFuzz();
});
afterAll(() => world[Symbol.asyncDispose]());

const good = testImage([gzipLayer({ name: 'file', content: 'good' })]);
const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const blob = (content: Buffer): TarItem => ({ name: `blobs/sha256/${digestOf(content).slice(7)}`, content });
const described = (content: Buffer, mediaType = MANIFEST): object => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
});
const layout = (manifests: unknown, ...blobs: readonly Buffer[]): Buffer =>
  tar(
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: json({ schemaVersion: 2, manifests }) },
    ...[...blobs, ...good.blobs.values()].map(blob),
  );
const withManifest = (changes: object): Buffer => {
  const manifest = json({ ...(JSON.parse(good.manifest.toString()) as object), ...changes });
  return layout([described(manifest)], manifest);
};
const withConfig = (config: Buffer): Buffer => {
  const manifest = json({
    ...(JSON.parse(good.manifest.toString()) as object),
    config: { ...described(config), mediaType: 'application/vnd.oci.image.config.v1+json' },
  });
  return layout([described(manifest)], manifest, config);
};
const docker = (manifest: Buffer | string, ...items: readonly TarItem[]): Buffer =>
  tar({ name: 'manifest.json', content: manifest }, { name: 'conf.json', content: good.config }, ...items);
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
/** Indexes one in the other, the innermost with an image that is never reached. */
function chainOfIndexes(depth: number): Buffer {
  let inner = described(good.manifest);
  const blobs: Buffer[] = [];
  for (let level = 0; level < depth; level += 1) {
    const index = json({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [{ ...inner, platform: { os: 'linux', architecture: 'amd64' } }],
    });
    blobs.push(index);
    inner = described(index, INDEX);
  }
  return layout([inner], ...blobs);
}
const bomb = (megabytes: number): Buffer => tar({ name: 'zeros', content: Buffer.alloc(megabytes * 1024 * 1024) });
const imageOf = (archive: Buffer, packed: Buffer, mediaType: string): Buffer => {
  const image = testImage([{ archive, blob: packed, mediaType }]);
  return layout([described(image.manifest)], ...image.blobs.values());
};
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const manyItems = (count: number, name: (at: number) => string): Buffer =>
  tar(...Array.from({ length: count }, (_, at) => ({ name: name(at), content: '' })));

const CASES: Record<string, () => Buffer> = {
  'nothing at all': () => Buffer.alloc(0),
  'a gzip bomb in a layer': () => imageOf(bomb(64), gzipSync(bomb(64)), `${LAYER}+gzip`),
  'a zstd bomb in a layer': () => imageOf(bomb(256), zstdCompressSync(bomb(256)), `${LAYER}+zstd`),
  'a bomb in a layer that only claims to be tar': () => {
    const zeros = Buffer.alloc(64 * 1024 * 1024);
    return imageOf(zeros, gzipSync(zeros), `${LAYER}+gzip`);
  },
  'a hundred thousand images': () => layout(Array.from({ length: 100_000 }, () => described(good.manifest))),
  'a hundred thousand layers': () =>
    withManifest({ layers: Array.from({ length: 100_000 }, () => described(good.config, LAYER)) }),
  'a hundred thousand diff_ids': () =>
    withConfig(
      json({
        os: 'linux',
        architecture: 'amd64',
        rootfs: { type: 'layers', diff_ids: Array.from({ length: 100_000 }, () => good.configDigest) },
      }),
    ),
  'a thousand layers that fit': () => {
    const layer = gzipLayer({ name: 'x', content: 'x' });
    const image = testImage(Array.from({ length: 1100 }, () => layer));
    return layout([described(image.manifest)], ...image.blobs.values());
  },
  'a hundred thousand names': () =>
    docker(json([{ Config: 'conf.json', RepoTags: Array.from({ length: 100_000 }, (_, at) => `A${at}`), Layers: [] }])),
  'JSON as deep as it is long': () => docker(nested(1_000_000)),
  'a configuration as deep as it is long': () =>
    withConfig(Buffer.from(`{"os":"linux","architecture":"amd64","config":${nested(500_000)}}`)),
  'a document of nine megabytes': () => docker(Buffer.alloc(9 * 1024 * 1024, 0x20)),
  'JSON that says a key twice': () => docker('[{"Config":"conf.json","Config":"../x","Layers":[]}]'),
  'a list that closes what it has not opened': () => docker(']}, {"list":['),
  'indexes within indexes': () => chainOfIndexes(50),
  'an index that is its own entry': () => layout([{ mediaType: INDEX, digest: `sha256:${'0'.repeat(64)}`, size: 10 }]),
  'a digest of an algorithm that nobody has': () =>
    layout([{ ...described(good.manifest), digest: `md5:${'0'.repeat(32)}` }]),
  'a digest with a path in it': () =>
    layout([{ ...described(good.manifest), digest: `sha256:../../../../${'0'.repeat(52)}` }]),
  'a digest in capitals': () => layout([{ ...described(good.manifest), digest: good.manifestDigest.toUpperCase() }]),
  'a sha512 digest of sha256 length': () =>
    layout([{ ...described(good.manifest), digest: `sha512:${'0'.repeat(64)}` }]),
  'a size below zero': () => layout([{ ...described(good.manifest), size: -1 }]),
  'a size of a petabyte': () => withManifest({ layers: [{ ...described(good.config, LAYER), size: 2 ** 50 }] }),
  'a layer of an unknown kind': () => withManifest({ layers: [described(good.config, 'text/html')] }),
  'a path in manifest.json': () => docker(json([{ Config: '../../../../etc/passwd', RepoTags: [], Layers: [] }])),
  'a layer by a path that leads out': () =>
    docker(json([{ Config: 'conf.json', RepoTags: [], Layers: ['../../../../etc/passwd'] }])),
  'a layer that is a link to a file of the host': () =>
    docker(json([{ Config: 'conf.json', RepoTags: [], Layers: ['l.tar'] }]), {
      name: 'l.tar',
      type: '2',
      link: '/etc/passwd',
    }),
  'a layer that is a link to itself': () =>
    docker(json([{ Config: 'conf.json', RepoTags: [], Layers: ['l.tar'] }]), {
      name: 'l.tar',
      type: '2',
      link: 'l.tar',
    }),
  'names with line ends and colours': () =>
    docker(json([{ Config: 'conf.json', RepoTags: ['a\nb:\u001b[31m'], Layers: [] }])),
  'a name longer than any file system takes': () =>
    imageOf(...both(tar({ name: 'x', pax: { path: 'n'.repeat(4000) } }))),
  'a file of eight exabytes, all holes': () =>
    imageOf(
      ...both(
        tar({
          name: 'x',
          type: '0',
          pax: {
            'GNU.sparse.major': '0',
            'GNU.sparse.minor': '1',
            'GNU.sparse.size': '9007199254740991',
            'GNU.sparse.map': '0,0',
          },
        }),
      ),
    ),
};

function both(archive: Buffer): [Buffer, Buffer, string] {
  return [archive, gzipSync(archive), `${LAYER}+gzip`];
}

test.each(Object.entries(CASES))(
  '%s',
  async (_, make) => {
    expect(await world.archive(make())).toBe('fault');
  },
  60_000,
);

test('Many small files are no attack', async () => {
  expect(await world.archive(imageOf(...both(manyItems(5000, (at) => `d${at % 70}/f${at}`))))).toBe('image');
}, 60_000);
