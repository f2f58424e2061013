import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { openRepository } from '#store/registry/client.ts';
import { fakeRegistry, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { gzipLayer, plainLayer, testImage, zstdLayer } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';
import type { ImageRecord } from '#store/image/record.ts';
import { chainIds } from '#store/digest.ts';

let registry: FakeRegistry;
let at: TestStore;
let image: ImageRecord;
const made = testImage([
  gzipLayer(
    { name: 'etc', type: '5', mode: 0o755 },
    { name: 'etc/passwd', content: 'root:x:0:0' },
    { name: 'etc/shadow', content: 'secret', mode: 0o600, uid: 5 },
    { name: 'etc/name', type: '1', link: 'etc/passwd' },
    { name: 'gone', content: 'x' },
    { name: 'deep/er/file', content: 'made' },
  ),
  zstdLayer(
    { name: '.wh.gone' },
    { name: 'etc', type: '5' },
    { name: 'etc/.wh..wh..opq' },
    { name: 'etc/new', content: 'n' },
  ),
  plainLayer({ name: 'link', type: '2', link: 'etc/new' }, { name: 'big', content: 'b'.repeat(100_000) }),
]);

beforeAll(async () => {
  registry = await fakeRegistry();
  registry.add('app', 'latest', made);
});
afterAll(() => registry.close());
beforeEach(async () => {
  registry.behave();
  at = testStore();
  image = await at.store.pull(`${registry.host}/app`);
});
afterEach(() => at.close());

const origins = () =>
  Promise.resolve([{ name: 'fake/app', client: openRepository({ registry: registry.host, repository: 'app' }) }]);
const verify = (repair = false) => at.store.verify({ repair, origins });
const chain = (layer: number): string => chainIds(image.layers.map(({ diffId }) => diffId))[layer] ?? '';
const inLayer = (layer: number, path: string): string => join(at.tree(chain(layer)), path);
const layerTree = (layer: number): string => at.tree(chain(layer));

test('A store as it was pulled has nothing to find, and is not changed by being looked at', async () => {
  const before = at.contents();
  expect(await verify()).toEqual({
    images: 1,
    blobs: 5,
    layers: 3,
    bytes: [...made.blobs.values()].reduce((sum, bytes) => sum + bytes.length, 0),
    findings: [],
  });
  expect(await verify(true)).toMatchObject({ findings: [] });
  expect(at.contents()).toEqual(before);
});

test('A layer that lists its directories is found right without being unpacked', async () => {
  const listed = testImage([
    gzipLayer(
      { name: 'd', type: '5', mode: 0o700 },
      { name: 'd/f', content: 'f' },
      { name: 'l', type: '1', link: 'd/f' },
    ),
    plainLayer(
      { name: '.wh.l' },
      { name: 'd', type: '5' },
      { name: 'd/.wh..wh..opq' },
      { name: 'd/s', type: '2', link: 'f' },
    ),
  ]);
  registry.add('listed', 'latest', listed);
  const { configDigest } = await at.store.pull(`${registry.host}/listed`);
  at.store.images.remove(image.configDigest);
  const apply = (): never => {
    throw new Error('it unpacks');
  };
  const onlyLooking = testStore({ root: at.root, launcher: { ...at.launcher, apply } });
  try {
    const images = [onlyLooking.store.images.find(configDigest)].filter((one) => one !== undefined);
    expect(await onlyLooking.store.verify({ images, repair: false })).toMatchObject({ findings: [], layers: 2 });
  } finally {
    onlyLooking.database.close();
  }
});

test('An entry twice and a file with holes are compared by unpacking them', async () => {
  const odd = testImage([
    plainLayer({ name: 'a', content: 'first' }, { name: 'a', content: 'second' }),
    plainLayer({ name: 's', content: 'xy', pax: { 'GNU.sparse.map': '0,1,9999,1', 'GNU.sparse.size': '10000' } }),
  ]);
  registry.add('odd', 'latest', odd);
  const { chainId } = await at.store.pull(`${registry.host}/odd`);
  expect(await verify()).toMatchObject({ findings: [], layers: 5 });
  changeByte(join(at.tree(chainId), 's'));
  expect((await verify()).findings).toMatchObject([{ differences: ['/s: content'] }]);
});

/** What can happen to a tree, in the layer and at the path where it is done, and what is said of it. */
const DAMAGE: readonly (readonly [string, () => void, string])[] = [
  ['a changed byte', () => changeByte(inLayer(0, 'etc/passwd')), '/etc/passwd: content'],
  ['a changed byte in a large file', () => changeByte(inLayer(2, 'big')), '/big: content'],
  ['a longer file', () => appendFileSync(inLayer(1, 'etc/new'), 'x'), '/etc/new: content, size, time'],
  ['a removed file', () => rmSync(inLayer(2, 'big')), '/big: missing'],
  ['an added file', () => writeFileSync(inLayer(0, 'added'), ''), '/added: not part of the layer'],
  ['a mode', () => chmodSync(inLayer(0, 'etc/shadow'), 0o644), '/etc/shadow: mode'],
  ['a mode of a directory', () => chmodSync(inLayer(0, 'etc'), 0o700), '/etc: mode'],
  ['the mode of the root', () => chmodSync(layerTree(2), 0o711), '/: mode'],
  ['an owner', () => chownSync(inLayer(0, 'etc/shadow'), 6, 0), '/etc/shadow: owner'],
  ['a time', () => utimesSync(inLayer(0, 'etc/shadow'), 1, 1), '/etc/shadow: time'],
  ['an attribute', () => setAttribute('user.x', inLayer(0, 'etc/shadow')), '/etc/shadow: attributes'],
  ['a lost whiteout', () => rmSync(inLayer(1, 'gone')), '/gone: missing'],
  ['a lost opaque mark', () => dropAttribute('trusted.overlay.opaque', inLayer(1, 'etc')), '/etc: attributes'],
  ['another target', () => relink(inLayer(2, 'link'), 'etc/other'), '/link: target'],
  ['a file of its own', () => unshare(inLayer(0, 'etc/name')), '/etc/name: names of one file'],
];

function changeByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  keepingTime(path, () => writeFileSync(path, bytes));
}

function keepingTime(path: string, work: () => void): void {
  execFileSync('touch', ['-r', path, join(at.root, 'time')]);
  work();
  execFileSync('touch', ['-h', '-r', join(at.root, 'time'), path]);
}

const setAttribute = (name: string, path: string): void => void execFileSync('setfattr', ['-n', name, '-v', '1', path]);
const dropAttribute = (name: string, path: string): void => void execFileSync('setfattr', ['-x', name, path]);

function relink(path: string, target: string): void {
  const parent = join(path, '..');
  keepingTime(parent, () => {
    rmSync(path);
    symlinkSync(target, path);
    execFileSync('touch', ['-h', '-d', '@1700000000', path]);
  });
}

function unshare(path: string): void {
  keepingTime(join(path, '..'), () =>
    keepingTime(path, () => {
      const bytes = readFileSync(path);
      rmSync(path);
      writeFileSync(path, bytes, { mode: 0o644 });
    }),
  );
}

test.each(DAMAGE)('Damage to a layer is found and mended: %s', async (_, damage, said) => {
  damage();
  const { findings } = await verify();
  expect(findings.length).toBe(1);
  expect(findings[0]).toMatchObject({ kind: 'layer', state: 'wrong', images: [image.configDigest] });
  expect(findings[0]?.differences).toContain(said);
  expect(await verify(true)).toMatchObject({
    findings: [{ kind: 'layer', state: 'mended', outcome: 'unpacked again' }],
  });
  expect(await verify()).toMatchObject({ findings: [], layers: 3 });
  expect(at.contents().filter((line) => /^(?:work|trash|lease)/.test(line))).toEqual([]);
});

test('A damaged layer under a container is replaced beside it, and goes when the container goes', async () => {
  await at.store.snapshots.prepare('box', image.chainId);
  const old = layerTree(0);
  writeFileSync(join(old, 'added'), 'x');
  const { findings } = await verify(true);
  expect(findings).toMatchObject([
    { state: 'mended', outcome: expect.stringContaining('until the container') as string },
  ]);
  expect(readFileSync(join(old, 'added'), 'utf8')).toBe('x');
  expect(layerTree(0)).not.toBe(old);
  const mount = at.store.snapshots.mounts('box');
  expect(mount.kind === 'overlay' && mount.lower.map((lower) => join(mount.base, lower))).toContain(layerTree(0));
  await at.store.collect();
  expect(readFileSync(join(old, 'added'), 'utf8')).toBe('x');
  await at.store.snapshots.remove('box');
  await at.store.collect();
  expect(() => readFileSync(join(old, 'added'))).toThrow('ENOENT');
  expect(await verify()).toMatchObject({ findings: [] });
  at.store.images.remove(image.configDigest);
  await at.store.collect();
  expect(at.contents()).toEqual([]);
});

test('Under a mounted image nothing is replaced, and that is said', async () => {
  const old = layerTree(0);
  writeFileSync(join(old, 'added'), 'x');
  const insert = "INSERT INTO image_mount (image, chain, path, times, place) VALUES (?, ?, '/mnt/it', 1, '')";
  at.database.run(insert, image.configDigest, image.chainId);
  const { findings } = await verify(true);
  expect(findings).toMatchObject([{ state: 'lost', outcome: expect.stringContaining('mounted at /mnt/it') as string }]);
  expect(layerTree(0)).toBe(old);
  at.database.run('DELETE FROM image_mount');
  expect((await verify(true)).findings).toMatchObject([{ state: 'mended' }]);
});

test('A layer whose directory is lost is unpacked again, before anything else would forget the image', async () => {
  rmSync(layerTree(1), { recursive: true });
  expect(await verify()).toMatchObject({ findings: [{ problem: 'its directory is missing', state: 'wrong' }] });
  expect(await verify(true)).toMatchObject({ findings: [{ state: 'mended' }] });
  expect(await at.store.reconcile()).toEqual([]);
  expect(await verify()).toMatchObject({ findings: [] });
});

test('Damaged and lost blobs are found, and fetched again by their digests', async () => {
  const [first, second] = image.layers.map(({ digest }) => digest);
  changeByte(blobPath(first));
  rmSync(blobPath(second));
  changeByte(blobPath(image.configDigest));
  const found = await verify();
  expect(found.findings.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
    'blob wrong',
    'blob wrong',
    'blob wrong',
    'layer wrong',
    'layer wrong',
  ]);
  const { findings } = await verify(true);
  expect(findings.map(({ state, outcome }) => `${state}: ${outcome}`)).toEqual(
    Array.from({ length: 3 }, () => 'mended: fetched again from fake/app'),
  );
  expect(await verify()).toMatchObject({ findings: [] });
});

test('What a reconciliation has forgotten is brought back, manifest too', async () => {
  for (const digest of [image.manifestDigest, ...image.layers.map((layer) => layer.digest)]) rmSync(blobPath(digest));
  await at.store.reconcile();
  expect((await verify(true)).findings.map(({ state }) => state)).toEqual(['mended', 'mended', 'mended', 'mended']);
  expect(await verify()).toMatchObject({ findings: [], blobs: 5 });
  await at.store.collect();
  expect(await verify()).toMatchObject({ findings: [], blobs: 5 });
});

test('A registry that has other bytes mends nothing, and what was there stays', async () => {
  const digest = image.layers[0]?.digest ?? '';
  changeByte(blobPath(digest));
  const damaged = readFileSync(blobPath(digest));
  registry.misbehave(/blobs/, (_, response) => {
    response.end('something else');
    return true;
  });
  const { findings } = await verify(true);
  expect(findings[0]).toMatchObject({
    kind: 'blob',
    state: 'lost',
    outcome: expect.stringContaining('fake/app: ') as string,
  });
  expect(findings[1]).toMatchObject({ kind: 'layer', problem: 'could not be compared', state: 'lost' });
  expect(readFileSync(blobPath(digest))).toEqual(damaged);
  expect(at.contents().filter((line) => /^(?:work|trash|lease)/.test(line))).toEqual([]);
});

test('A record that says other things than the documents is written anew', async () => {
  at.database.run("UPDATE image SET config = '{}', platform = 'linux/s390x'");
  expect((await verify()).findings[0]).toMatchObject({
    kind: 'record',
    problem: 'the record differs from the documents in platform, config',
  });
  expect((await verify(true)).findings[0]).toMatchObject({ state: 'mended' });
  expect(at.store.images.find(image.configDigest)).toMatchObject({ platform: image.platform, config: image.config });
  expect(at.store.images.find(image.configDigest)?.names).toEqual(image.names);
});

test('Trees of the copying driver are compared and mended as well', async () => {
  const copy = testStore({ snapshotter: 'copy' });
  try {
    const pulled = await copy.store.pull(`${registry.host}/app`);
    expect(await copy.store.verify({ repair: false })).toMatchObject({ findings: [], layers: 3 });
    writeFileSync(join(copy.tree(pulled.chainId), 'etc/new'), 'x');
    expect(await copy.store.verify({ repair: true })).toMatchObject({ findings: [{ state: 'mended' }] });
    expect(await copy.store.verify({ repair: false })).toMatchObject({ findings: [] });
  } finally {
    copy.close();
  }
});

test('A verification that is cancelled leaves nothing', async () => {
  const abort = new AbortController();
  const looking = at.store.verify({ repair: true, origins, signal: abort.signal, onProgress: () => abort.abort() });
  expect(looking).rejects.toMatchObject({ kind: 'cancelled' });
  await looking.catch(() => undefined);
  expect(at.contents().filter((line) => /^(?:work|trash|lease)/.test(line))).toEqual([]);
});

function blobPath(digest: string | undefined): string {
  return join(at.root, 'blobs', ...(digest ?? '').split(':'));
}
