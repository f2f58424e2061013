import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '#store/digest.ts';
import { fakeRegistry, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { gzipLayer, plainLayer, testImage, zstdLayer, type TestLayer } from '#store/testing/test-image.ts';
import { testStore, type TestStore } from '#store/testing/test-store.ts';
import type { PullProgress } from './progress.ts';

let registry: FakeRegistry;
let at: TestStore;
let other: TestStore;
const shared = gzipLayer({ name: 'shared', content: randomBytes(200_000) });
const first = testImage([shared, plainLayer({ name: 'first' })]);
const second = testImage([shared, plainLayer({ name: 'second' })]);
/** The same blob on another base. */
const moved = testImage([plainLayer({ name: 'base' }), shared]);
const sharedPath = new RegExp(`blobs/${digestOf(shared.blob)}`);

beforeAll(async () => {
  registry = await fakeRegistry();
  for (const [name, image] of Object.entries({ first, second, moved })) registry.add(name, 'latest', image);
});
afterAll(() => registry.close());
beforeEach(() => {
  at = testStore();
  other = testStore({ root: at.root });
  registry.seen.length = 0;
});
afterEach(() => {
  registry.behave();
  other.close();
  at.close();
});

const fetched = (): number => registry.seen.filter(({ path }) => sharedPath.test(path)).length;
const left = (): string[] => at.contents().filter((line) => /^(?:work|trash|lease|claim|partial)/.test(line));

/** Lets the shared blob come half, and the rest when told to. */
function holdBack(): { begun: Promise<void>; goOn(): void } {
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  let held: ServerResponse | undefined;
  registry.misbehave(sharedPath, (_, response, visit) => {
    if (visit > 1) return false;
    held = response;
    response.writeHead(200, { 'Content-Length': shared.blob.length });
    response.write(shared.blob.subarray(0, 100_000), () => setTimeout(resolve, 50));
    return true;
  });
  return { begun, goOn: () => void held?.end(shared.blob.subarray(100_000)) };
}

const pullOf = (store: TestStore, name: string, options: { signal?: AbortSignal; phases?: string[] } = {}) =>
  store.store.pull(`${registry.host}/${name}`, {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onProgress: (event: PullProgress) => {
      if (event.kind === 'layer' && event.digest === digestOf(shared.blob)) options.phases?.push(event.phase);
    },
  });

test('Two pulls fetch what they share once, also on another base', async () => {
  const { begun, goOn } = holdBack();
  const pulls = [pullOf(at, 'first')];
  await begun;
  const phases: string[] = [];
  pulls.push(pullOf(other, 'second', { phases }), pullOf(other, 'moved'));
  await sleep(200);
  goOn();
  const records = await Promise.all(pulls);
  expect(records.map(({ configDigest }) => configDigest)).toEqual(
    [first, second, moved].map(({ configDigest }) => configDigest),
  );
  expect(fetched()).toBe(1);
  expect([...new Set(phases)]).toEqual(['waiting', 'exists']);
  expect(left()).toEqual([]);
});

test('Who waits goes on from where the other has given up', async () => {
  const { begun } = holdBack();
  const controller = new AbortController();
  const failing = pullOf(at, 'first', { signal: controller.signal }).catch((error: unknown) => error);
  await begun;
  const waiting = pullOf(other, 'second');
  await sleep(100);
  controller.abort();
  expect(await failing).toMatchObject({ kind: 'cancelled' });
  expect((await waiting).configDigest).toBe(second.configDigest);
  const ranges = registry.seen.filter(({ path }) => sharedPath.test(path)).map(({ range }) => range);
  expect(ranges[1]).toMatch(/^bytes=\d+-$/);
  expect(ranges.length).toBe(2);
});

test('Who waits can be told to stop, and the other one goes on', async () => {
  const { begun, goOn } = holdBack();
  const pulling = pullOf(at, 'first');
  await begun;
  const controller = new AbortController();
  const waiting = pullOf(other, 'second', { signal: controller.signal }).catch((error: unknown) => error);
  await sleep(100);
  controller.abort();
  expect(await waiting).toMatchObject({ kind: 'cancelled' });
  goOn();
  expect((await pulling).configDigest).toBe(first.configDigest);
  other.store.forgetUnfinished();
  await other.store.collect();
  expect(left()).toEqual([]);
});

test('The claim of a dead process is taken over', async () => {
  const layer = `overlay ${digestOf(shared.archive)}`;
  for (const [kind, key] of [
    ['blob', digestOf(shared.blob)],
    ['layer', layer],
  ]) {
    at.database.run("INSERT INTO claim VALUES (?, ?, '4194303-1-abcdef.0')", kind ?? '', key ?? '');
  }
  expect((await pullOf(at, 'first')).configDigest).toBe(first.configDigest);
  expect(left()).toEqual([]);
});

test('A layer that comes twice in an image, and a layer in two forms', async () => {
  const item = { name: 'same', content: randomBytes(1000) };
  const twice: TestLayer[] = [gzipLayer(item), plainLayer({ name: 'between' }), gzipLayer(item)];
  registry.add('twice', 'latest', testImage(twice));
  registry.add('zstd', 'latest', testImage([zstdLayer(item), plainLayer({ name: 'above' })]));
  const records = await Promise.all([pullOf(at, 'twice'), pullOf(other, 'zstd')]);
  expect(records.map(({ layers }) => layers.length)).toEqual([3, 2]);
  const gets = registry.seen.filter(({ path }) => path.includes(digestOf(twice[0]?.blob ?? ''))).length;
  expect(gets).toBe(1);
  expect(left()).toEqual([]);
});
