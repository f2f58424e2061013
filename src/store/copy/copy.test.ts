import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { Fault, sentence } from '#base/fault.ts';
import { digestOf } from '#store/digest.ts';
import { parseReference } from '#store/reference.ts';
import { fakeRegistry, hangUp, send, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { gzipLayer, testImage, testIndex } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';
import type { ContentPlace } from './open.ts';

let from: FakeRegistry;
let to: FakeRegistry;
let at: TestStore;
const amd = testImage([gzipLayer({ name: 'data', content: randomBytes(300_000) })]);
const arm = testImage([gzipLayer({ name: 'arm', content: 'arm' })], { config: { architecture: 'arm64' } });
const index = testIndex([
  { image: amd, platform: { os: 'linux', architecture: 'amd64' } },
  { image: arm, platform: { os: 'linux', architecture: 'arm64' } },
]);
const blob = amd.layers[0]?.blob ?? Buffer.alloc(0);

beforeEach(async () => {
  [from, to] = [await fakeRegistry(), await fakeRegistry()];
  at = testStore({ idleMs: 2000 });
  for (const image of [amd, arm]) from.add('app', image.manifestDigest, image);
  from.addManifest('app', '1', index);
});
afterEach(async () => {
  at.close();
  await from.close();
  await to.close();
});

function registry(name: string): ContentPlace {
  const reference = parseReference(name);
  return { kind: 'registry', reference, places: [{ ...reference, lax: false }], way: {} };
}
const store = (name: string): ContentPlace => ({ kind: 'store', name, names: [parseReference(name)], pulled: true });
const copy = (target: ContentPlace) => at.store.copy(registry(`${from.host}/app:1`), target, { which: 'all' });

/** The copy fails in that way, and leaves nothing in the store; an honest one succeeds afterwards. */
async function refused(kind: string, words: RegExp, target = store('app:1')): Promise<void> {
  const error: unknown = await copy(target).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(`${error instanceof Fault ? error.kind : 'none'}: ${sentence(error)}`).toMatch(
    new RegExp(`^${kind}: .*${words.source}`),
  );
  expect(at.contents()).toEqual([]);
}

test('A cut upload goes on from where it was, with the source read from there', async () => {
  to.uploads.cut(100_000, true, 2);
  expect((await copy(registry(`${to.host}/copied:1`))).digest).toBe(digestOf(index));
  expect(to.content(`/v2/copied/blobs/${digestOf(blob)}`)?.equals(blob)).toBe(true);
  expect(to.content('/v2/copied/manifests/1')?.equals(index)).toBe(true);
  const ranges = from.seen.filter(({ path, range }) => path.includes(digestOf(blob)) && range !== undefined);
  expect(ranges.length).toBeGreaterThanOrEqual(1); // a cut may come before anything has arrived
  expect(at.contents()).toEqual([]);
});

test('A source that is cut is read on, for an upload and for the store', async () => {
  for (const target of [registry(`${to.host}/copied:1`), store('app:1')]) {
    from.misbehave(new RegExp(`blobs/${digestOf(blob)}`), (request, response, visit) =>
      visit === 1 && request.headers.range === undefined ? hangUp(response, blob, 150_000) : false,
    );
    expect((await copy(target)).digest).toBe(digestOf(index));
    from.behave();
  }
  expect(at.store.indexes.find('app:1')?.id).toBe(digestOf(index));
});

test('What a failed copy to the store has brought is not fetched again', async () => {
  from.misbehave(new RegExp(`blobs/${digestOf(blob)}`), (request, response, visit) =>
    visit === 1 ? hangUp(response, blob, 150_000) : request.method === 'GET' && hangUp(response, blob, 0),
  );
  await expect(copy(store('app:1'))).rejects.toThrow();
  expect(at.store.indexes.list()).toEqual([]);
  from.behave();
  const before = from.seen.length;
  await copy(store('app:1'));
  const blobs = from.seen.slice(before).filter(({ path }) => path.includes('/blobs/'));
  expect(blobs.find(({ path }) => path.includes(digestOf(blob)))?.range).toMatch(/^bytes=[1-9]\d*-$/);
  expect(at.store.images.find('app:1')?.configDigest).toBe(amd.configDigest);
});

test('What a mirror has no part of comes from the place after it', async () => {
  // It knows the names, and the first image whole.
  to.add('app', amd.manifestDigest, amd);
  to.addManifest('app', '1', index);
  to.misbehave(new RegExp(`blobs/${amd.configDigest}`), (_, response) => {
    response.writeHead(429).end();
    return true;
  });
  const place = registry(`${from.host}/app:1`);
  if (place.kind !== 'registry') throw new Error('it is one');
  const mirror = { registry: to.host, repository: 'app', lax: false };
  const copied = { ...place, places: [mirror, ...place.places] };
  expect(await at.store.copy(copied, store('app:1'), { which: 'all' })).toMatchObject({ digest: digestOf(index) });
  const asked = (one: FakeRegistry, digest: string): boolean => one.seen.some(({ path }) => path.includes(digest));
  expect(asked(from, digestOf(blob))).toBe(false);
  for (const digest of [arm.manifestDigest, arm.configDigest, amd.configDigest]) expect(asked(from, digest)).toBe(true);
  expect((await at.store.unpackMember('app:1', { platform: 'linux/arm64' }))?.configDigest).toBe(arm.configDigest);
});

test('Two processes that bring one index fetch each blob once', async () => {
  const second = testStore({ root: at.root });
  try {
    const place = registry(`${from.host}/app:1`);
    await Promise.all([at, second].map((one) => one.store.copy(place, store('app:1'), { which: 'all' })));
    const fetched = from.seen.filter(({ path }) => path.includes('/blobs/')).map(({ path }) => path);
    expect(fetched.length).toBe(new Set(fetched).size);
  } finally {
    second.database.close();
  }
});

test('A wrong blob reaches neither a registry nor the store', async () => {
  const bad = Buffer.from(blob);
  bad[1000] = (bad[1000] ?? 0) ^ 1;
  from.misbehave(new RegExp(`blobs/${digestOf(blob)}`), (_, response) => send(response, bad));
  await refused('corrupt', /digest/, registry(`${to.host}/copied:1`));
  expect(to.content(`/v2/copied/blobs/${digestOf(blob)}`)).toBeUndefined();
  expect(to.content('/v2/copied/manifests/1')).toBeUndefined();
  await refused('corrupt', /digest/);
  from.behave();
  await copy(store('app:1'));
});

test('Hostile indexes are refused and leave nothing', async () => {
  const entries = (count: number): object[] =>
    Array.from({ length: count }, (_, one) => ({ digest: digestOf(String(one)), size: 1 }));
  const document = (manifests: readonly object[]): Buffer =>
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }));
  const own = `sha256:${'5'.repeat(64)}`;
  const itself = document([{ mediaType: 'application/vnd.oci.image.index.v1+json', digest: own, size: 300 }]);
  const manifest = 'application/vnd.oci.image.manifest.v1+json';
  const cases: [Buffer, RegExp][] = [
    [document(entries(100_000)), /longer than/],
    [document(entries(20_000)), /more than 1000 documents/],
    [itself, /verify the manifest|verify the document/],
    [document([{ mediaType: manifest, digest: amd.manifestDigest, size: 3 }]), /verify the document/],
    [document([{ mediaType: manifest, digest: `md5:${'a'.repeat(32)}`, size: 3 }]), /sha256 or sha512/],
    [document([{ mediaType: manifest, digest: `sha512:${'a'.repeat(64)}`, size: 3 }]), /sha256 or sha512/],
  ];
  from.misbehave(new RegExp(own), (_, response) =>
    send(response, itself, { 'Content-Type': 'application/vnd.oci.image.index.v1+json' }),
  );
  for (const [bytes, words] of cases) {
    from.addManifest('app', '1', bytes);
    await refused('corrupt', words);
  }
  from.addManifest('app', '1', index);
  await copy(store('app:1'));
});

test('What a kept index leads to is collected with it, and a lost blob is forgotten alone', async () => {
  await copy(store('app:1'));
  const { indexes, images } = at.store;
  expect(images.find('app:1')?.platform).toBe('linux/amd64');
  expect(await at.store.collect()).toMatchObject({ blobs: 0 });
  at.database.run('UPDATE blob SET size = size + 1 WHERE digest = ?', arm.configDigest);
  expect((await at.store.reconcile()).length).toBe(1);
  expect(indexes.find('app:1')?.id).toBe(digestOf(index));
  await expect(at.store.unpackMember('app:1', { platform: 'linux/arm64' })).rejects.toThrow(/read the blob/);
  await copy(store('app:1'));
  expect((await at.store.unpackMember('app:1', { platform: 'linux/arm64' }))?.configDigest).toBe(arm.configDigest);
  const removed = images.remove('app:1');
  expect(removed.left).toEqual([arm.configDigest]);
  images.remove(arm.configDigest, { force: true });
  await at.store.collect();
  expect(at.contents()).toEqual([]);
});

test('An index whose own document is lost is forgotten', async () => {
  await copy(store('app:1'));
  at.database.run('UPDATE blob SET size = size + 1 WHERE digest = ?', digestOf(index));
  await at.store.reconcile();
  expect(at.store.indexes.list()).toEqual([]);
  expect(at.store.images.find('app:1')?.configDigest).toBe(amd.configDigest);
});
