/** Every stack of the corpus: unpack, diff, unpack again, with both snapshotters; and what umoci makes of it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TreePair } from '#kernel/tree-packer.ts';
import { chainIds, digestOf } from '#store/digest.ts';
import type { ImageRecord, SnapshotDriver } from '#store/store.ts';
import { ownChanges, stackPoint, wholeTree } from '#store/snapshot/trees.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';
import { writeLayout } from './layout.ts';
import { STACKS } from './stacks.ts';

/** A hundred thousand files take their time on a busy machine. */
const PATIENCE_MS = 600_000;
const DRIVERS: readonly SnapshotDriver[] = ['overlay', 'copy'];
const place = mkdtempSync(join(tmpdir(), 'sampan-corpus-'));
afterAll(() => rmSync(place, { recursive: true }));
let layouts = 0;

function layoutOf(archives: readonly Buffer[]): string {
  const directory = join(place, `layout-${(layouts += 1)}`);
  writeLayout(directory, archives);
  return directory;
}

async function load(at: TestStore, archives: readonly Buffer[]): Promise<ImageRecord> {
  const directory = layoutOf(archives);
  const [loaded] = await at.store.load({ directory });
  rmSync(directory, { recursive: true });
  if (loaded === undefined) throw new Error('nothing was loaded');
  return loaded.image;
}

async function pack(at: TestStore, trees: TreePair, form: 'archive' | 'layer'): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of at.launcher.pack({ ...trees, form, point: stackPoint(at.root) })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** All that the image shows. */
const whole = (at: TestStore, image: ImageRecord): Promise<Buffer> =>
  pack(at, wholeTree(at.store.snapshots.mounts(image.chainId)), 'archive');

/** Each of its layers, made anew. */
async function diffs(at: TestStore, image: ImageRecord): Promise<Buffer[]> {
  const chain = chainIds(image.layers.map(({ diffId }) => diffId));
  const mounts = chain.map((chainId) => at.store.snapshots.mounts(chainId));
  const made: Buffer[] = [];
  for (const [level, mount] of mounts.entries())
    made.push(await pack(at, ownChanges(mount, mounts[level - 1]), 'layer'));
  return made;
}

/** Lines for people, when something differs. */
const listed = (archive: Buffer): string =>
  execFileSync('tar', ['--numeric-owner', '--full-time', '--xattrs', '--xattrs-include=*', '-tvvf', '-'], {
    input: archive,
    env: { TZ: 'UTC', PATH: process.env['PATH'] },
    stdio: ['pipe', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  }).toString();

function expectSame(actual: Buffer, wanted: Buffer): void {
  if (digestOf(actual) === digestOf(wanted)) return;
  expect(listed(actual)).toBe(listed(wanted));
  expect(digestOf(actual)).toBe(digestOf(wanted));
}

describe.each(STACKS.map((stack) => [stack.name, stack] as const))('%s', (_name, stack) => {
  let archives: Buffer[];
  const stores: TestStore[] = [];
  const open = (snapshotter: SnapshotDriver): TestStore => {
    const at = testStore({ snapshotter });
    stores.push(at);
    return at;
  };
  let seen: Buffer;
  let made: Buffer[];
  beforeAll(async () => {
    archives = stack.layers();
    const at = open('overlay');
    const image = await load(at, archives);
    seen = await whole(at, image);
    made = await diffs(at, image);
  }, PATIENCE_MS);
  afterAll(() => {
    for (const at of stores) at.close();
  }, PATIENCE_MS);

  test(
    'both snapshotters show the same tree, and make the same layers of it',
    async () => {
      const at = open('copy');
      const image = await load(at, archives);
      expectSame(await whole(at, image), seen);
      for (const [level, layer] of (await diffs(at, image)).entries()) expectSame(layer, made[level] as Buffer);
    },
    PATIENCE_MS,
  );

  test.each(DRIVERS.map((driver) => [driver]))(
    'the layers made give the same tree and the same layers again (%s)',
    async (driver) => {
      const at = open(driver);
      const image = await load(at, made);
      expectSame(await whole(at, image), seen);
      for (const [level, layer] of (await diffs(at, image)).entries()) expectSame(layer, made[level] as Buffer);
    },
    PATIENCE_MS,
  );

  test.skipIf(stack.umociLacks !== undefined || stack.large === true || spawnSync('which', ['umoci']).status !== 0)(
    'umoci unpacks the same tree from the layers given, and from those made',
    async () => {
      for (const layers of stack.umociErs === undefined ? [archives, made] : [made]) {
        const layout = layoutOf(layers);
        const bundle = `${layout}-bundle`;
        execFileSync('umoci', ['unpack', '--image', `${layout}:corpus`, bundle], { stdio: 'pipe' });
        const [at] = stores;
        const tree = { base: bundle, upper: ['rootfs'], lower: [], over: false };
        expectSame(await pack(at as TestStore, tree, 'archive'), seen);
        execFileSync('chmod', ['-R', 'u+rwX', bundle]);
        for (const directory of [bundle, layout]) rmSync(directory, { recursive: true });
      }
    },
    PATIENCE_MS,
  );
});
