import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, type Digest } from '#store/digest.ts';
import { parseReference } from '#store/reference.ts';
import { openRepository } from '#store/registry/client.ts';
import { fakeRegistry, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { gzipLayer, testImage, testIndex } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';

let registry: FakeRegistry;
let at: TestStore;
const host = testImage([gzipLayer({ name: 'host', content: 'here' })]);
const other = testImage([gzipLayer({ name: 'other', content: 'elsewhere' })], {
  config: { architecture: 's390x' },
});
const index = testIndex([
  { image: host, platform: { os: 'linux', architecture: 'amd64' } },
  { image: other, platform: { os: 'linux', architecture: 's390x' } },
]);

beforeAll(async () => {
  registry = await fakeRegistry();
  for (const image of [host, other]) registry.add('app', image.manifestDigest, image);
  registry.addManifest('app', 'all', index);
});
afterAll(() => registry.close());
beforeEach(async () => {
  at = testStore();
  const reference = parseReference(`${registry.host}/app:all`);
  await at.store.copy(
    { kind: 'registry', reference, places: [{ ...reference, lax: false }], way: {} },
    { kind: 'store', name: 'app', names: [reference], pulled: true },
    { which: 'all' },
  );
});
afterEach(() => at.close());

const asked: (readonly string[])[] = [];
const origins = (names: readonly string[]) => {
  asked.push(names);
  return Promise.resolve([
    { name: 'fake/app', client: openRepository({ registry: registry.host, repository: 'app' }) },
  ]);
};
const verify = (repair: boolean) => at.store.verify({ repair, origins });
const fileOf = (digest: Digest): string => join(at.root, 'blobs', ...digest.split(':'));

const ONLY_OF_THE_INDEX: [string, Digest][] = [
  ['the index itself', digestOf(index)],
  ['a manifest', other.manifestDigest],
  ['a configuration', other.configDigest],
  ['a layer', digestOf(other.layers[0]?.blob ?? '')],
];

test.each(ONLY_OF_THE_INDEX)('What only an index keeps is fetched again, whatever it is: %s', async (_, digest) => {
  const whole = readFileSync(fileOf(digest));
  writeFileSync(fileOf(digest), Buffer.alloc(whole.length));
  expect((await verify(false)).findings).toMatchObject([{ digest, images: [digestOf(index)], state: 'wrong' }]);
  asked.length = 0;
  expect((await verify(true)).findings).toMatchObject([{ state: 'mended', outcome: 'fetched again from fake/app' }]);
  expect(asked).toEqual([[`${registry.host}/app:all`]]);
  expect(readFileSync(fileOf(digest))).toEqual(whole);
  expect(await verify(false)).toMatchObject({ findings: [], blobs: 7 });
});

test('A lost file comes back, and the index keeps it as before', async () => {
  const digest = other.manifestDigest;
  rmSync(fileOf(digest));
  expect((await verify(true)).findings).toMatchObject([{ digest, state: 'mended' }]);
  await at.store.reconcile();
  await at.store.collect();
  expect(await verify(false)).toMatchObject({ findings: [], blobs: 7 });
});
