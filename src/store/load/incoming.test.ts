/** Archives that are loaded while they still come in. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { tar, type TarItem } from '#store/testing/tar-writer.ts';
import { gzipLayer, plainLayer, testImage } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';

let at: TestStore;
beforeEach(() => void (at = testStore()));
afterEach(() => at.close());

const image = testImage([
  gzipLayer({ name: 'first', content: randomBytes(300_000) }),
  plainLayer({ name: 'second', content: randomBytes(900_000) }),
]);
const blobItems: TarItem[] = [...image.blobs].map(([digest, content]) => ({
  name: `blobs/${digest.replace(':', '/')}`,
  content,
}));
const isDocument = ({ content = '' }: TarItem): boolean => content.length < 100_000;
const entry = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: image.manifestDigest,
  size: image.manifest.length,
  annotations: { 'io.containerd.image.name': 'docker.io/library/app:1' },
};
const head: TarItem[] = [
  { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
  { name: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: [entry] }) },
];
/** Documents first, as `sampan save` writes it. */
const items: TarItem[] = [...head, ...blobItems.filter(isDocument), ...blobItems.filter((one) => !isDocument(one))];

type Chunks = AsyncGenerator<Uint8Array, void, undefined>;
const load = (archive: Chunks) =>
  at.store.load({ archive }, {}).then(
    (loaded) => ({ names: loaded.flatMap(({ names }) => names), kind: undefined }),
    (error: unknown) => ({ names: [], kind: (error as { kind?: string }).kind ?? String(error) }),
  );
async function* once(bytes: Buffer): Chunks {
  yield bytes;
}

/** Which of the layers' files lie in a tree, a finished one or one that is being made. */
const unpacked = (): string[] =>
  // What goes meanwhile is an error to find, and none to us.
  [
    ...new Set(spawnSync('find', [at.root, '-type', 'f', '-printf', '%f\\n'], { encoding: 'utf8' }).stdout.split('\n')),
  ].filter((name) => name === 'first' || name === 'second');

test('Layers are unpacked before the rest has come, and nothing is visible before the end', async () => {
  const bytes = tar(...items);
  const seen: string[] = [];
  const slowly = async function* (): Chunks {
    yield bytes.subarray(0, bytes.length - 500_000);
    // A tree that is being moved into place may be missed by a look.
    const found = new Set<string>();
    for (let tries = 0; tries < 500 && found.size < 2; tries += 1) {
      await sleep(10);
      for (const name of unpacked()) found.add(name);
    }
    seen.push(...found);
    yield bytes.subarray(bytes.length - 500_000, bytes.length - 512);
    await sleep(100);
    seen.push(`images: ${at.store.images.list().length}`);
    yield bytes.subarray(bytes.length - 512);
  };
  expect(await load(slowly())).toEqual({ names: ['docker.io/library/app:1'], kind: undefined });
  expect(seen.sort()).toEqual(['first', 'images: 0', 'second']);
});

test('An archive that turns out to be broken after its last layer brings no image', async () => {
  const bytes = tar(...items);
  const junk = Buffer.alloc(512, 'junk');
  const broken = Buffer.concat([bytes.subarray(0, bytes.length - 1024), junk, bytes.subarray(bytes.length - 1024)]);
  const slowly = async function* (): Chunks {
    yield broken.subarray(0, bytes.length - 1024);
    await sleep(300);
    yield broken.subarray(bytes.length - 1024);
  };
  expect(await load(slowly())).toMatchObject({ kind: 'corrupt' });
  expect(at.contents()).toEqual([]);
});

test('Names that come last count as well', async () => {
  const config = `blobs/${image.configDigest.replace(':', '/')}`;
  const beside = [{ Config: config, RepoTags: ['late:2'], Layers: [] }];
  const bytes = tar(...items, { name: 'manifest.json', content: JSON.stringify(beside) });
  expect((await load(once(bytes))).names).toEqual(['docker.io/library/app:1', 'docker.io/library/late:2']);
  expect(at.store.images.find('late:2')?.configDigest).toBe(image.configDigest);
});

test('Documents may come last, layers may be links, and a link may come before what it means', async () => {
  const layers = blobItems.filter((one) => !isDocument(one));
  const links = layers.map(({ name }, index) => ({ name, type: index === 0 ? '2' : '1', link: `../../real-${index}` }));
  links[1] = { ...(links[1] as (typeof links)[number]), link: 'real-1' };
  const real = layers.map(({ content = '' }, index) => ({ name: `real-${index}`, content }));
  const documents = [...blobItems.filter(isDocument), ...head];
  for (const order of [
    [...real, ...links, ...documents],
    [...documents, ...links, ...real],
    [...documents, ...real, ...links],
  ]) {
    expect({ order: order.map(({ name }) => name), ...(await load(once(tar(...order)))) }).toMatchObject({
      names: ['docker.io/library/app:1'],
    });
    at.store.images.remove(image.configDigest);
    await at.store.collect();
    expect(at.contents()).toEqual([]);
  }
});

test('Of two files of one name the last counts, or the archive is refused where the first has been read', async () => {
  const wrong = { name: 'index.json', content: '{"manifests":[]}' };
  const late = [wrong, ...items].map((item) => tar(item).subarray(0, -1024));
  expect((await load(once(Buffer.concat([...late, Buffer.alloc(1024)])))).names).toEqual(['docker.io/library/app:1']);
  const piecewise = async function* (): Chunks {
    yield tar(...items).subarray(0, -1024);
    await sleep(100);
    yield tar(wrong);
  };
  at.store.images.remove(image.configDigest);
  await at.store.collect();
  expect(await load(piecewise())).toMatchObject({ kind: 'corrupt' });
  expect(at.contents()).toEqual([]);
});

test('What has been passed on of a long archive is not kept in memory', async () => {
  const noise = tar({ name: 'noise', content: randomBytes(1024 * 1024) }).subarray(0, -1024);
  const collected = { count: 0 };
  const registry = new FinalizationRegistry(() => void (collected.count += 1));
  const long = async function* (): Chunks {
    for (let round = 0; round < 64; round += 1) {
      const chunk = Buffer.from(noise);
      registry.register(chunk, undefined);
      yield chunk;
      if (round % 8 === 7) {
        Bun.gc(true);
        await sleep(1);
      }
    }
    expect(collected.count).toBeGreaterThan(32);
    yield Buffer.alloc(1024);
  };
  const signal = new AbortController().signal;
  const error: unknown = await at.store.load({ archive: long() }, { signal }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ kind: 'corrupt' });
  expect(String(error)).toContain('there is none in it');
});
