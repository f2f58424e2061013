/** Whatever is loaded, imported or pulled: an image or a Fault, soon, and nothing else anywhere. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFault, sentence } from '#base/fault.ts';
import { digestOf } from '#store/digest.ts';
import { fakeRegistry, type FakeRegistry } from '#store/testing/fake-registry.ts';
import type { TestImage } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';
import { seeded, type Random } from '#test/seccomp/profiles.ts';
import { ESCAPE, hostileArchive, hostileImage, hostileTar } from './store-input.ts';

/** No input of this size takes longer, on a machine whose disk others keep busy. */
const PATIENCE_MS = 60_000;
/** Bounds of what a layer may become are tested elsewhere; here they keep the disk. */
const GROWTH = { base: 4 * 1024 * 1024, ratio: 20 };

export type StoreEnd = 'image' | 'fault';

export interface StoreFuzz extends AsyncDisposable {
  /** Throws for what is neither an image nor a Fault of the input, or leaves something; the message holds the seed. */
  run(seed: number): Promise<StoreEnd>;
  /** The same for input that somebody has thought of. */
  archive(bytes: Buffer): Promise<StoreEnd>;
}

type Way = (at: TestStore, random: Random, registry: FakeRegistry) => Promise<unknown>;

const WAYS: readonly Way[] = [
  (at, random) => at.store.load({ archive: pieces(hostileArchive(random)) }),
  (at, random) => at.store.load({ archive: pieces(hostileArchive(random)) }),
  (at, random) => at.store.import({ archive: pieces(hostileTar(random)), names: [], config: {}, comment: '' }),
  (at, random, registry) => {
    const { manifest, config, layers } = hostileImage(random);
    const blobs = new Map([config, ...layers.map(({ blob }) => blob)].map((bytes) => [digestOf(bytes), bytes]));
    registry.add('fuzz', 'latest', { manifest, blobs } as Pick<TestImage, 'manifest' | 'blobs'> as TestImage);
    return at.store.pull(`${registry.host}/fuzz`);
  },
];

async function* pieces(bytes: Buffer, size = 7000): AsyncGenerator<Uint8Array, void, undefined> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

export async function storeFuzz(): Promise<StoreFuzz> {
  const place = mkdtempSync(join(tmpdir(), 'sampan-fuzz-store-'));
  const registry = await fakeRegistry();
  const settings = { growth: GROWTH, retry: { attempts: 1, firstPauseMs: 1 } };
  const stores = [testStore(settings, place), testStore({ ...settings, snapshotter: 'copy' }, place)];
  const before = readdirSync(place);
  const attempt = async (at: TestStore, what: string, act: () => Promise<unknown>): Promise<StoreEnd> => {
    const start = performance.now();
    const end = await outcome(what, act);
    const took = performance.now() - start;
    if (took > PATIENCE_MS) throw new Error(`${what}: took ${Math.round(took)} ms`);
    await nothingElse(at, what, end);
    const strays = [...readdirSync(place).filter((name) => !before.includes(name)), ...escaped(place)];
    if (strays.length > 0) throw new Error(`${what}: it came out: ${strays.join(', ')}`);
    return end;
  };
  return {
    run: (seed) => {
      const random = seeded(seed);
      const at = stores[seed % stores.length] as TestStore;
      const way = WAYS[random(WAYS.length)] as Way;
      return attempt(at, `seed ${seed}`, () => way(at, random, registry));
    },
    archive: (bytes) => {
      const [at] = stores as [TestStore, ...TestStore[]];
      return attempt(at, 'the archive', () => at.store.load({ archive: pieces(bytes, 1024 * 1024) }));
    },
    [Symbol.asyncDispose]: async () => {
      await registry.close();
      for (const at of stores) at.close();
      rmSync(place, { recursive: true, force: true });
    },
  };
}

async function outcome(what: string, act: () => Promise<unknown>): Promise<StoreEnd> {
  try {
    await act();
    return 'image';
  } catch (error) {
    if (isFault(error) && error.kind !== 'internal') return 'fault';
    throw new Error(`${what}: neither an image nor a fault of the input: ${sentence(error)}`, { cause: error });
  }
}

/** A failure leaves the store as it was; an image that came in passes its own check and goes again without a trace. */
async function nothingElse(at: TestStore, what: string, end: StoreEnd): Promise<void> {
  const images = at.store.images.list();
  if (end === 'image') {
    const { findings } = await at.store.verify({ repair: false });
    if (findings.length > 0) throw new Error(`${what}: came in and is not right: ${JSON.stringify(findings)}`);
  } else if (images.length > 0) throw new Error(`${what}: failed, and left an image`);
  for (const { configDigest } of images) at.store.images.remove(configDigest, { force: true });
  // What a pull keeps for the next try.
  at.store.forgetUnfinished();
  await at.store.collect();
  const left = at.contents();
  if (left.length > 0) throw new Error(`${what}: left ${left.join('\n')}`);
}

function escaped(place: string): string[] {
  const above = [place, tmpdir(), '/', '/etc', '/tmp', '/proc'];
  return above.map((directory) => join(directory, ESCAPE)).filter((path) => existsSync(path));
}
