import { afterEach, beforeEach, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '#store/digest.ts';
import { writeDirectory } from '#store/save/directory.ts';
import type { SaveFormat } from '#store/save/save.ts';
import { tarOf } from '#store/save/tar.ts';
import { tar, type TarItem } from '#store/testing/tar-writer.ts';
import { gzipLayer, plainLayer, testImage, testIndex, zstdLayer, type TestImage } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';

let at: TestStore;
let scratch: string;
const image = testImage([
  gzipLayer({ name: 'data', content: randomBytes(300_000) }, { name: 'gone', content: 'x' }),
  zstdLayer({ name: '.wh.gone' }, { name: 'dir/file', content: 'second' }),
  plainLayer({ name: 'third', content: 'third' }),
]);

beforeEach(() => {
  at = testStore();
  scratch = mkdtempSync(join(tmpdir(), 'sampan-test-load-'));
});
afterEach(() => {
  at.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function* pieces(bytes: Buffer, size = 50_000): AsyncGenerator<Uint8Array, void, undefined> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}
const load = (bytes: Buffer, store = at.store) => store.load({ archive: pieces(bytes) });

const blobItems = (one: TestImage): TarItem[] =>
  [...one.blobs].map(([digest, content]) => ({ name: `blobs/${digest.replace(':', '/')}`, content }));

function layout(one: TestImage, name?: string, changes: object = {}): TarItem[] {
  const annotations = name === undefined ? {} : { 'io.containerd.image.name': name };
  const entry = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: one.manifestDigest,
    size: one.manifest.length,
    annotations,
    ...changes,
  };
  return [
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: [entry] }) },
    ...blobItems(one),
  ];
}

/** As old docker wrote it: layers uncompressed, in directories of their own. */
function docker(one: TestImage, changes: object = {}): TarItem[] {
  const names = one.layers.map((_, index) => `${index}/layer.tar`);
  const entry = { Config: 'conf.json', RepoTags: ['old/app:3'], Layers: names, ...changes };
  return [
    ...one.layers.map(({ archive }, index) => ({ name: names[index] ?? '', content: archive })),
    { name: 'conf.json', content: one.config },
    { name: 'manifest.json', content: JSON.stringify([entry]) },
  ];
}

async function saved(format: SaveFormat, ...names: string[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await at.store.save(names, format, async (files) => {
    for await (const chunk of tarOf(files)) chunks.push(chunk);
  });
  return Buffer.concat(chunks);
}

test('An OCI layout keeps its digests and its name, plain or compressed', async () => {
  const plain = tar(...layout(image, 'docker.io/library/app:1'));
  for (const bytes of [plain, gzipSync(plain), zstdCompressSync(plain)]) {
    const [loaded] = await load(bytes);
    expect(loaded).toMatchObject({
      names: ['docker.io/library/app:1'],
      image: { manifestDigest: image.manifestDigest, configDigest: image.configDigest },
    });
    expect(readFileSync(join(at.tree(loaded?.image.chainId ?? ''), 'third'), 'utf8')).toBe('third');
    at.store.images.remove(image.configDigest);
    await at.store.collect();
    expect(at.contents()).toEqual([]);
  }
});

test('A docker-archive keeps the image ID; layers may be links within the archive', async () => {
  const items = docker(image);
  const [first] = items;
  items[0] = { name: 'real.tar', content: first?.content ?? '' };
  items.push({ name: '0/layer.tar', type: '2', link: '../real.tar' });
  const [loaded] = await load(tar(...items));
  expect(loaded?.names).toEqual(['docker.io/old/app:3']);
  expect(loaded?.image.configDigest).toBe(image.configDigest);
  const again = await load(tar(...items));
  expect(again[0]?.image.manifestDigest).toBe(loaded?.image.manifestDigest ?? digestOf(''));
});

test('What is saved is loaded byte by byte as it was, in every format, and saved again as the same bytes', async () => {
  await load(tar(...layout(image, 'docker.io/library/app:1')));
  at.store.images.tag('app:1', { registry: 'docker.io', repository: 'other/app', tag: '2' });
  for (const format of ['docker-archive', 'oci-archive'] as const) {
    const bytes = await saved(format, 'app:1', 'other/app:2');
    const second = testStore();
    try {
      const [loaded] = await load(bytes, second.store);
      expect(loaded?.names).toEqual(['docker.io/library/app:1', 'docker.io/other/app:2']);
      for (const [digest, content] of image.blobs) {
        expect(readFileSync(join(second.root, 'blobs', ...digest.split(':'))).equals(content)).toBe(true);
      }
    } finally {
      second.close();
    }
    expect((await saved(format, 'app:1', 'other/app:2')).equals(bytes)).toBe(true);
  }
  await at.store.save(['app'], 'oci-dir', (files) => writeDirectory(join(scratch, 'layout'), files));
  const second = testStore();
  try {
    const [loaded] = await second.store.load({ directory: join(scratch, 'layout') });
    expect(loaded).toMatchObject({
      names: ['docker.io/library/app:1'],
      image: { manifestDigest: image.manifestDigest },
    });
  } finally {
    second.close();
  }
});

test('One blob may be the layer of two images and lie twice in one', async () => {
  const [base] = image.layers;
  if (base === undefined) throw new Error('no layer');
  const twice = testImage([base, base]);
  const other = testImage([base, plainLayer({ name: 'own' })]);
  const items = [...docker(twice), ...docker(other)].filter(({ name }) => !name.endsWith('json'));
  const entries = [twice, other].map((_, index) => ({
    Config: `${index}.json`,
    RepoTags: [`app:${index}`],
    Layers: ['0/layer.tar', index === 0 ? '0/layer.tar' : '1/layer.tar'],
  }));
  items.push({ name: '0.json', content: twice.config }, { name: '1.json', content: other.config });
  const loaded = await load(tar(...items, { name: 'manifest.json', content: JSON.stringify(entries) }));
  expect(loaded.map(({ image: { configDigest } }) => configDigest)).toEqual([twice.configDigest, other.configDigest]);
  expect((await saved('docker-archive', 'app:0', 'app:1')).length).toBeGreaterThan(300_000);
});

test('Of an index in a layout the image for this machine is taken', async () => {
  const arm = testImage([plainLayer({ name: 'arm' })], { config: { architecture: 'arm64' } });
  const index = testIndex([
    { image: arm, platform: { os: 'linux', architecture: 'arm64' } },
    { image, platform: { os: 'linux', architecture: 'amd64' } },
  ]);
  const entry = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: digestOf(index), size: index.length };
  const items = [...layout(image, undefined, entry), ...blobItems(arm)];
  items.push({ name: `blobs/${digestOf(index).replace(':', '/')}`, content: index });
  expect((await load(tar(...items)))[0]?.image.configDigest).toBe(image.configDigest);
  const [loaded] = await at.store.load({ archive: pieces(tar(...items)) }, { platform: 'linux/arm64' });
  expect(loaded?.image.configDigest).toBe(arm.configDigest);
});

test('Hostile and broken archives are refused, and nothing of them stays', async () => {
  const good = layout(image);
  const without = (pattern: RegExp): TarItem[] => good.filter(({ name }) => !pattern.test(name));
  const config = `blobs/${image.configDigest.replace(':', '/')}`;
  const self = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: image.manifestDigest };
  const cases: [string, Buffer, string][] = [
    ['no archive', Buffer.from('x'.repeat(2000)), 'corrupt'],
    ['empty', Buffer.alloc(0), 'corrupt'],
    ['no image in it', tar({ name: 'a', content: 'x' }), 'corrupt'],
    [
      'no entries',
      tar({ name: 'oci-layout', content: '{}' }, { name: 'index.json', content: '{"manifests":[]}' }),
      'corrupt',
    ],
    ['xz', Buffer.from('\xfd7zXZ\0rest', 'latin1'), 'unsupported'],
    ['cut', tar(...good).subarray(0, 200_000), 'corrupt'],
    ['cut gzip', gzipSync(tar(...good)).subarray(0, 100_000), 'corrupt'],
    ['a layer missing', tar(...without(new RegExp(digestOf(image.layers[2]?.blob ?? '').slice(7)))), 'corrupt'],
    ['the configuration missing', tar(...without(new RegExp(config))), 'corrupt'],
    ['another configuration', tar(...without(new RegExp(config)), { name: config, content: '{}' }), 'corrupt'],
    ['a wrong size', tar(...layout(image, undefined, { size: 1 })), 'corrupt'],
    ['a digest that is none', tar(...layout(image, undefined, { digest: 'sha256:../../etc/passwd' })), 'corrupt'],
    ['a manifest called an index', tar(...layout(image, undefined, self)), 'corrupt'],
    [
      'entries without end',
      tar(...layout(image), ...Array.from({ length: 100_001 }, () => ({ name: 'x', type: '5' }))),
      'corrupt',
    ],
    ['a path out', tar(...docker(image, { Config: '../../../../etc/passwd' })), 'corrupt'],
    ['a link out', tar(...docker(image, { Config: 'l' }), { name: 'l', type: '2', link: '/etc/passwd' }), 'corrupt'],
    ['a link to itself', tar(...docker(image, { Config: 'l' }), { name: 'l', type: '2', link: 'l' }), 'corrupt'],
    ['too few layers', tar(...docker(image, { Layers: ['0/layer.tar'] })), 'corrupt'],
    ['layers in another order', tar(...docker(image, { Layers: [1, 0, 2].map((n) => `${n}/layer.tar`) })), 'corrupt'],
    ['a name that is none', tar(...docker(image, { RepoTags: ['UPPER:1'] })), 'corrupt'],
    ['a list that is none', tar({ name: 'manifest.json', content: '{"a":1}' }), 'corrupt'],
    ['a huge document', tar({ name: 'manifest.json', content: Buffer.alloc(9 * 1024 * 1024, ' ') }), 'corrupt'],
  ];
  for (const [what, bytes, kind] of cases) {
    const error: unknown = await load(bytes).catch((thrown: unknown) => thrown);
    expect({ what, kind: (error as { kind?: string }).kind }).toEqual({ what, kind });
    expect({ what, left: at.contents() }).toEqual({ what, left: [] });
  }
});

test('A layout directory is read without following links or waiting for pipes', async () => {
  for (const make of [
    (path: string) => symlinkSync('/etc/passwd', path),
    (path: string) => void Bun.spawnSync(['mkfifo', path]),
    (path: string) => mkdirSync(path),
  ]) {
    const directory = mkdtempSync(join(scratch, 'l-'));
    writeFileSync(join(directory, 'oci-layout'), '{}');
    make(join(directory, 'index.json'));
    const error: unknown = await at.store.load({ directory }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'corrupt' });
  }
  expect(at.contents()).toEqual([]);
});

test('A load that is cancelled while it waits ends at once and leaves nothing', async () => {
  const abort = new AbortController();
  const never = (async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield tar(...layout(image)).subarray(0, 1000);
    setTimeout(() => abort.abort(), 10);
    await new Promise(() => undefined);
  })();
  const error: unknown = await at.store.load({ archive: never }, { signal: abort.signal }).catch((e: unknown) => e);
  expect(error).toMatchObject({ kind: 'cancelled' });
  expect(at.contents()).toEqual([]);
});

test('An image whose blob is lost or damaged is not saved as if it were whole', async () => {
  await load(tar(...layout(image, 'docker.io/library/app:1')));
  const path = join(at.root, 'blobs', ...digestOf(image.layers[0]?.blob ?? '').split(':'));
  const { length } = readFileSync(path);
  writeFileSync(path, randomBytes(length));
  expect(await saved('oci-archive', 'app:1').catch((e: unknown) => e)).toMatchObject({ kind: 'corrupt' });
  rmSync(path);
  expect(await saved('oci-archive', 'app:1').catch((e: unknown) => e)).toMatchObject({ kind: 'corrupt' });
  expect(await saved('oci-archive', 'app:2').catch((e: unknown) => e)).toMatchObject({ kind: 'notFound' });
  expect(at.database.all('SELECT * FROM lease')).toEqual([]);
  await load(tar(...layout(image, 'docker.io/library/app:1')));
  expect((await saved('oci-archive', 'app:1')).length).toBeGreaterThan(300_000);
});

test('What is being saved stays, although the image is removed and collected meanwhile', async () => {
  await load(tar(...layout(image, 'docker.io/library/app:1')));
  let collected = -1;
  const names: string[] = [];
  await at.store.save(['app:1'], 'oci-archive', async (files) => {
    at.store.images.remove('app:1');
    collected = (await at.store.collect()).blobs;
    for (const { name, content } of files) for await (const _ of content) names.push(name);
  });
  expect(collected).toBe(0);
  expect(new Set(names).size).toBe(2 + image.blobs.size);
  await at.store.collect();
  expect(at.contents()).toEqual([]);
});

test('Loads side by side of archives that share layers all succeed', async () => {
  const other = testImage([...image.layers, gzipLayer({ name: 'more' })]);
  const bytes = [image, other].map((one, index) => tar(...layout(one, `docker.io/library/app:${index}`)));
  await Promise.all([0, 1, 0, 1, 1].map((index) => load(bytes[index] ?? Buffer.alloc(0))));
  expect(at.store.images.list().length).toBe(2);
  expect(at.database.all('SELECT * FROM lease')).toEqual([]);
  expect((await saved('oci-archive', 'app')).length).toBeGreaterThan(300_000);
});

test('Damaged archives are refused in words, or what was damaged did not matter; nothing is left', async () => {
  const small = testImage([gzipLayer({ name: 'a', content: 'x' }), plainLayer({ name: 'b/c', content: 'y' })]);
  const random = seeded(7);
  for (const good of [tar(...layout(small, 'docker.io/library/app:1')), tar(...docker(small))]) {
    for (let round = 0; round < 150; round += 1) {
      const bytes = Buffer.from(good);
      const changes = 1 + (random() % 4);
      for (let change = 0; change < changes; change += 1) bytes[random() % bytes.length] = random() % 256;
      const cut = random() % 4 === 0 ? random() % bytes.length : bytes.length;
      const error: unknown = await load(bytes.subarray(0, cut)).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined)
        expect(['corrupt', 'unsupported']).toContain((error as { kind?: string }).kind ?? String(error));
      for (const { configDigest } of at.store.images.list()) at.store.images.remove(configDigest, { force: true });
      await at.store.collect();
      expect(at.contents()).toEqual([]);
    }
  }
}, 60_000);

/** A small generator (xorshift), so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

test('A thousand images with one large configuration are more than is kept in memory', async () => {
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: [] },
    comment: 'x'.repeat(7_900_000),
  });
  const digest = digestOf(Buffer.from(config));
  const described = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length };
  const manifests = Array.from({ length: 40 }, (_, at) =>
    Buffer.from(JSON.stringify({ schemaVersion: 2, config: described, layers: [], annotations: { at: String(at) } })),
  );
  const fileOf = (content: string | Buffer): TarItem => ({
    name: `blobs/sha256/${digestOf(Buffer.from(content)).slice(7)}`,
    content,
  });
  const entries = manifests.map((bytes, index) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(bytes),
    size: bytes.length,
    annotations: { 'io.containerd.image.name': `docker.io/library/many:${index}` },
  }));
  const oci = tar(
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: entries }) },
    fileOf(config),
    ...manifests.map(fileOf),
  );
  const item = { Config: 'config.json', RepoTags: null, Layers: [] };
  const old = tar(
    { name: 'config.json', content: config },
    { name: 'manifest.json', content: JSON.stringify(Array.from({ length: 40 }, () => item)) },
  );
  for (const bytes of [oci, old]) {
    await expect(load(bytes)).rejects.toMatchObject({
      kind: 'corrupt',
      message: expect.stringContaining('documents') as string,
    });
    expect(at.contents()).toEqual([]);
  }
});
