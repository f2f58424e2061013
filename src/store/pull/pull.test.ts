import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '#store/digest.ts';
import { answer, fakeRegistry, hangUp, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { gzipLayer, plainLayer, testImage, testIndex, zstdLayer, type TestLayer } from '#store/testing/test-image.ts';
import { namesBelow, testStore, type TestStore } from '#store/testing/test-store.ts';
import type { PullProgress } from './progress.ts';

let registry: FakeRegistry;
let at: TestStore;
const noise = randomBytes(300_000);
const image = testImage([
  gzipLayer({ name: 'data', content: noise }, { name: 'gone', content: 'x' }),
  zstdLayer({ name: '.wh.gone' }, { name: 'dir/file', content: 'second' }),
  plainLayer({ name: 'third', content: 'third' }),
]);
const blob = (image.layers[0] as TestLayer).blob;
const blobPath = new RegExp(`blobs/${digestOf(blob)}`);

beforeAll(async () => {
  registry = await fakeRegistry();
  registry.add('app', '1', image);
});
afterAll(() => registry.close());
beforeEach(() => {
  at = testStore();
  registry.seen.length = 0;
});
afterEach(() => {
  registry.behave();
  at.close();
});

const pull = () => at.store.pull(`${registry.host}/app:1`);

test('An image is unpacked layer by layer and recorded', async () => {
  const record = await pull();
  expect(record.names).toEqual([`${registry.host}/app:1`]);
  expect(record.digests).toEqual([`${registry.host}/app@${image.manifestDigest}`]);
  expect(record.config).toEqual({ Env: ['PATH=/bin'], Cmd: ['/bin/sh'], WorkingDir: '/srv', ExposedPorts: ['80/tcp'] });
  expect(record.platform).toBe('linux/amd64');
  const mount = at.store.snapshots.mounts(record.chainId);
  if (mount.kind !== 'overlay') throw new Error('not an overlay');
  expect(mount.lower.map((name) => namesBelow(join(mount.base, name)))).toEqual([
    ['third'],
    ['dir', 'dir/file', 'gone'],
    ['data', 'gone'],
  ]);
  expect(readFileSync(join(mount.base, mount.lower[2] ?? '', 'data')).equals(noise)).toBe(true);
});

test('What is there is not fetched again', async () => {
  await pull();
  registry.seen.length = 0;
  await pull();
  expect(registry.seen.map(({ path }) => path)).toEqual(['/v2/app/manifests/1']);
});

test('A layer whose blob is there is unpacked from the disk', async () => {
  const { chainId } = await pull();
  rmSync(join(at.root, 'snapshots'), { recursive: true });
  registry.seen.length = 0;
  await pull();
  expect(registry.seen.filter(({ path }) => path.includes(digestOf(blob)))).toEqual([]);
  expect(namesBelow(at.tree(chainId))).toEqual(['third']);
});

test('A cut connection is resumed where it was cut', async () => {
  registry.misbehave(blobPath, (_, response, visit) => visit === 1 && hangUp(response, blob, 5000));
  await pull();
  const ranges = registry.seen.filter(({ path }) => blobPath.test(path)).map(({ range }) => range);
  expect(ranges.length).toBe(2);
  expect(ranges[1]).toMatch(/^bytes=\d+-$/);
});

test('429 and 500 are tried again', async () => {
  registry.misbehave(
    /manifests/,
    (_, response, visit) => visit === 1 && answer(response, 429, {}, { 'Retry-After': '0' }),
  );
  registry.misbehave(blobPath, (_, response, visit) => visit < 3 && answer(response, 500, {}));
  expect((await pull()).configDigest).toBe(image.configDigest);
});

test('A token is fetched with the scope of the challenge and sent along', async () => {
  registry.misbehave(/^\/v2\//, (request, response) => {
    if (request.headers.authorization === 'Bearer secret') return false;
    const realm = `Bearer realm="http://${registry.host}/token",service="s",scope="repository:app:pull"`;
    return answer(response, 401, {}, { 'WWW-Authenticate': realm });
  });
  registry.misbehave(/^\/token/, (_, response) => answer(response, 200, { token: 'secret' }));
  await at.store.pull(`${registry.host}/app:1`, { credentials: () => ({ username: 'u', password: 'p' }) });
  const token = registry.seen.find(({ path }) => path.startsWith('/token'));
  expect(token?.path).toBe('/token?service=s&scope=repository%3Aapp%3Apull');
  expect(token?.authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
});

test('Basic credentials are sent when they are asked for, and denied ones are said to be', async () => {
  const wanted = `Basic ${Buffer.from('u:p').toString('base64')}`;
  registry.misbehave(
    /^\/v2\//,
    (request, response) =>
      request.headers.authorization !== wanted && answer(response, 401, {}, { 'WWW-Authenticate': 'Basic realm="r"' }),
  );
  const name = `${registry.host}/app:1`;
  expect(at.store.pull(name, { credentials: () => ({ username: 'u', password: 'no' }) })).rejects.toMatchObject({
    kind: 'denied',
  });
  await at.store.pull(name, { credentials: () => ({ username: 'u', password: 'p' }) });
});

test('A redirect to another host is followed without the credentials', async () => {
  const other = await fakeRegistry();
  other.add('app', '1', image);
  registry.misbehave(/^\/v2\//, (request, response) => {
    if (request.headers.authorization === undefined) return answer(response, 401, {}, { 'WWW-Authenticate': 'Basic' });
    return (
      blobPath.test(request.url ?? '') && answer(response, 307, {}, { Location: `http://${other.host}${request.url}` })
    );
  });
  await at.store.pull(`${registry.host}/app:1`, { credentials: () => ({ username: 'u', password: 'p' }) });
  expect(other.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  await other.close();
});

test('The entry of an index for our platform is taken', async () => {
  const arm = testImage([gzipLayer({ name: 'arm' })], { config: { architecture: 'arm64' } });
  registry.add('multi', 'arm', arm);
  registry.add('multi', 'amd', image);
  const index = testIndex([
    { image: arm, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
    { image, platform: { os: 'linux', architecture: 'amd64' } },
  ]);
  registry.addManifest('multi', 'latest', index);
  const record = await at.store.pull(`${registry.host}/multi`);
  expect(record.configDigest).toBe(image.configDigest);
  expect(record.digests).toEqual([`${registry.host}/multi@${digestOf(index)}`]);
  const other = await at.store.pull(`${registry.host}/multi`, { platform: 'linux/arm64' });
  expect(other.configDigest).toBe(arm.configDigest);
});

test('Two stores on one root pull the same image at once', async () => {
  const second = testStore({ root: at.root });
  const records = await Promise.all([pull(), second.store.pull(`${registry.host}/app:1`), pull()]);
  expect(new Set(records.map(({ chainId }) => chainId)).size).toBe(1);
  expect(at.contents().filter((line) => /^(?:work|trash|lease|scratch)/.test(line))).toEqual([]);
  second.close();
});

test('A cancelled pull says so and leaves nothing but what another goes on with', async () => {
  const controller = new AbortController();
  const onProgress = (progress: PullProgress): void => {
    if (progress.kind === 'layer' && progress.phase === 'waiting') controller.abort();
  };
  expect(at.store.pull(`${registry.host}/app:1`, { onProgress, signal: controller.signal })).rejects.toMatchObject({
    kind: 'cancelled',
  });
  await Bun.sleep(100);
  at.store.forgetUnfinished();
  await at.store.collect();
  expect(at.contents()).toEqual([]);
});

test('A removed image leaves nothing after a collection', async () => {
  await pull();
  expect(at.store.images.remove(`${registry.host}/app:1`).deleted).toBe(image.configDigest);
  const files = noise.length + 'x'.length + 'second'.length + 'third'.length;
  const bytes = [...image.blobs.values()].reduce((sum, { length }) => sum + length, files);
  expect(at.store.collectable()).toEqual({ snapshots: 3, blobs: 5, bytes });
  expect(await at.store.collect()).toEqual({ snapshots: 3, blobs: 5, bytes });
  expect(at.contents()).toEqual([]);
});

test('A registry is told who asks', async () => {
  const agents = new Set<string | undefined>();
  registry.misbehave(/./, (request) => {
    agents.add(request.headers['user-agent']);
    return false;
  });
  await pull();
  expect([...agents]).toEqual([expect.stringMatching(/^sampan\/\d/)]);
});
