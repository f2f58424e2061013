import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from '#store/content/work-area.ts';
import { digestOf } from '#store/digest.ts';
import { KEPT_MS } from '#store/leases.ts';
import { answer, fakeRegistry, hangUp, send, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { gzipLayer, plainLayer, testImage, type TestLayer } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';

let registry: FakeRegistry;
let at: TestStore;
const noise = randomBytes(300_000);
const image = testImage([
  plainLayer({ name: 'base', content: 'base' }),
  gzipLayer({ name: 'data', content: noise }),
  plainLayer({ name: 'top', content: 'top' }),
]);
const blobAt = (at: number): Buffer => (image.layers[at] as TestLayer).blob;
const blob = blobAt(1);
const blobPath = new RegExp(`blobs/${digestOf(blob)}`);
const partial = (): string => join(at.root, 'partial', 'sha256', digestOf(blob).slice(7));

beforeAll(async () => {
  registry = await fakeRegistry();
  registry.add('app', 'latest', image);
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

const pull = () => at.store.pull(`${registry.host}/app`);
const requested = (path: RegExp) => registry.seen.filter((one) => path.test(one.path)).map(({ range }) => range);

/** A pull that gets `count` bytes of the second layer and no more. */
async function cutOff(count: number): Promise<void> {
  registry.misbehave(blobPath, (_, response, visit) =>
    visit === 1 ? hangUp(response, blob, count) : answer(response, 500, {}),
  );
  expect(await pull().catch((error: unknown) => error)).toMatchObject({ kind: 'unavailable' });
  registry.behave();
  registry.seen.length = 0;
}

async function pullsWhole(): Promise<void> {
  const { chainId } = await pull();
  const mount = at.store.snapshots.mounts(chainId);
  if (mount.kind !== 'overlay') throw new Error('not an overlay');
  expect(readFileSync(join(mount.base, mount.lower[1] ?? '', 'data')).equals(noise)).toBe(true);
  expect(at.contents().filter((line) => /^(?:work|trash|lease|claim|partial)/.test(line))).toEqual([]);
}

/** Puts something where the beginning of the blob is looked for. */
function leave(bytes: Buffer): void {
  mkdirSync(join(partial(), '..'), { recursive: true });
  writeFileSync(partial(), bytes);
}

test('The next pull continues where a failed one was, and fetches nothing that was whole', async () => {
  await cutOff(5000);
  const { size } = statSync(partial());
  expect(size).toBeGreaterThan(0);
  await pullsWhole();
  expect(requested(blobPath)[0]).toStartWith(`bytes=${size}-`);
  for (const other of [0, 2]) expect(requested(new RegExp(digestOf(blobAt(other))))).toEqual([]);
});

test('A blob that was whole before is not asked for at all', async () => {
  leave(blob);
  await pullsWhole();
  expect(requested(blobPath)).toEqual([]);
});

test('A registry that sends all instead of the rest is understood', async () => {
  await cutOff(5000);
  registry.misbehave(blobPath, (_, response) => send(response, blob));
  await pullsWhole();
});

test('A registry that cannot go on from there is asked for all', async () => {
  await cutOff(5000);
  registry.misbehave(blobPath, (request, response) =>
    request.headers.range === undefined ? false : answer(response, 416, {}),
  );
  await pullsWhole();
  expect(requested(blobPath).at(-1)).toBeUndefined();
});

test('A beginning of something else is thrown away and the blob is fetched anew', async () => {
  for (const junk of [
    randomBytes(5000),
    Buffer.concat([blob.subarray(0, 9000), randomBytes(10)]),
    randomBytes(400_000),
  ]) {
    leave(junk);
    await pullsWhole();
    expect(digestOf(readFileSync(join(at.root, 'blobs', 'sha256', digestOf(blob).slice(7))))).toBe(digestOf(blob));
    at.store.images.remove(`${registry.host}/app`);
    await at.store.collect();
    expect(at.contents()).toEqual([]);
  }
});

test('A registry that sends something else after the cut is found out, and nothing of it stays', async () => {
  await cutOff(5000);
  registry.misbehave(blobPath, (_, response) => send(response, randomBytes(blob.length)));
  expect(await pull().catch((error: unknown) => error)).toMatchObject({ kind: 'corrupt' });
  expect(at.contents()).toEqual([]);
});

test('What is kept stays at a repair and a collection until its time is over, and goes when it is let go of', async () => {
  await cutOff(5000);
  expect(await at.store.reconcile()).toEqual([]);
  await at.store.collect();
  expect(existsSync(partial())).toBe(true);
  const layer = image.layers[0] as TestLayer;
  expect(at.store.snapshots.has(digestOf(layer.archive))).toBe(true);
  expect(at.store.forgetUnfinished()).toBeGreaterThan(0);
  await at.store.collect();
  expect(at.contents()).toEqual([]);

  await cutOff(5000);
  const old = (Date.now() - KEPT_MS - 1000) / 1000;
  for (const name of namesIn(join(partial(), '..'))) utimesSync(join(partial(), '..', name), old, old);
  at.database.run("UPDATE lease SET owner = 'kept-until-' || ? WHERE owner LIKE 'kept%'", String(Date.now() - 1000));
  await at.store.collect();
  expect(at.contents()).toEqual([]);
});

test('What a running pull uses is not let go of', async () => {
  let waiting: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (waiting = resolve));
  let goOn: () => void = () => undefined;
  registry.misbehave(blobPath, (_, response) => {
    response.writeHead(200, { 'Content-Length': blob.length });
    response.write(blob.subarray(0, 5000), () => setTimeout(waiting, 50));
    goOn = () => response.end(blob.subarray(5000));
    return true;
  });
  const pulling = pullsWhole();
  await begun;
  at.store.forgetUnfinished();
  await at.store.collect();
  expect(existsSync(partial())).toBe(true);
  goOn();
  await pulling;
  expect(requested(blobPath).length).toBe(1);
});
