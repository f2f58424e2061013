import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '#store/digest.ts';
import { fakeRegistry, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { gzipLayer, testImage } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';

let registry: FakeRegistry;
let at: TestStore;
const image = testImage([gzipLayer({ name: 'data', content: randomBytes(3_000_000) }), gzipLayer({ name: 'top' })]);
const DEAD = '4194303-1-abcdef'; // above the largest pid there can be

beforeAll(async () => {
  registry = await fakeRegistry();
  registry.add('app', 'latest', image);
});
afterAll(() => registry.close());
beforeEach(() => {
  at = testStore();
});
afterEach(() => at.close());

const pull = () => at.store.pull(`${registry.host}/app`);

test('The work and the leases of a dead process are cleared, those of a living one stay', async () => {
  await pull();
  const living = `${process.pid}-${await startOf(process.pid)}-0123`;
  for (const owner of [DEAD, living]) {
    mkdirSync(join(at.root, 'work', owner, 'half'), { recursive: true });
    at.database.run("INSERT INTO lease VALUES (?, 'snapshot', 'x')", owner);
  }
  expect(await at.store.reconcile()).toEqual([
    'Removed the unfinished work of process 4194303, which has died.',
    'Released 1 leases of processes that have died.',
  ]);
  expect(at.contents().filter((line) => /^(?:work|lease)/.test(line)).length).toBe(2);
  expect(await at.store.reconcile()).toEqual([]);
});

async function startOf(pid: number): Promise<string> {
  const stat = await Bun.file(`/proc/${pid}/stat`).text();
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

test('Files without a row are removed, a lost blob is forgotten, and the image stays', async () => {
  const { configDigest } = await pull();
  const stray = join(at.root, 'blobs', 'sha256', 'e'.repeat(64));
  writeFileSync(stray, 'x');
  mkdirSync(join(at.root, 'snapshots', 'overlay', '99', 'fs'), { recursive: true });
  truncateSync(join(at.root, 'blobs', 'sha256', image.manifestDigest.slice(7)), 3);
  const repaired = await at.store.reconcile();
  expect(repaired.map((sentence) => sentence.split(' ').slice(0, 3).join(' '))).toEqual([
    'Removed the file',
    `Removed ${at.root}/snapshots/overlay/99, which`,
    'Forgot the blob',
  ]);
  expect(at.store.images.find(configDigest)?.names.length).toBe(1);
  expect(await at.store.reconcile()).toEqual([]);
});

test('An image whose layer is lost is removed and can be pulled again', async () => {
  const { chainId } = await pull();
  rmSync(at.tree(chainId), { recursive: true });
  expect((await at.store.reconcile()).join()).toContain('Pull it again.');
  expect(at.store.images.list()).toEqual([]);
  expect((await pull()).chainId).toBe(chainId);
  expect(at.store.snapshots.has(chainId)).toBe(true);
});

test('A blob that the disk has changed is fetched anew', async () => {
  const { chainId } = await pull();
  const [layer] = image.layers;
  const path = join(at.root, 'blobs', 'sha256', digestOf(layer?.blob ?? '').slice(7));
  writeFileSync(path, randomBytes(layer?.blob.length ?? 0));
  rmSync(join(at.root, 'snapshots'), { recursive: true });
  expect((await pull()).chainId).toBe(chainId);
  expect(digestOf(new Uint8Array(await Bun.file(path).arrayBuffer()))).toBe(digestOf(layer?.blob ?? ''));
});

test('A full disk is said to be full, nothing is left, and with room the pull succeeds', async () => {
  const point = mkdtempSync(join(tmpdir(), 'sampan-test-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', point]);
  const small = testStore({}, point);
  try {
    expect(await small.store.pull(`${registry.host}/app`).catch((error: unknown) => error)).toMatchObject({
      kind: 'exhausted',
    });
    expect(small.contents()).toEqual([]);
    execFileSync('mount', ['-o', 'remount,size=40m', point]);
    expect((await small.store.pull(`${registry.host}/app`)).configDigest).toBe(image.configDigest);
  } finally {
    small.close();
    execFileSync('umount', [point]);
    rmSync(point, { recursive: true });
  }
});
