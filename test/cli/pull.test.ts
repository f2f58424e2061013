/** Pulls by several processes and pulls that are killed, as the registry sees them. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '#store/digest.ts';
import { fakeRegistry, type FakeRegistry } from '#store/testing/fake-registry.ts';
import { plainLayer, testImage, type TestLayer } from '#store/testing/test-image.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let registry: FakeRegistry;
beforeAll(async () => {
  world = await cliWorld();
  registry = await fakeRegistry();
}, 60_000);
afterAll(async () => {
  await registry.close();
  await world[Symbol.asyncDispose]();
});
afterEach(() => {
  registry.behave();
  registry.seen.length = 0;
});

const noisy = (name: string, bytes: number): TestLayer => plainLayer({ name, content: randomBytes(bytes) });
const MB = 1024 * 1024;
const PIECE = 32 * 1024;
/** Between two pieces, for a network of 30 Mbit/s. */
const PIECE_MS = 8;

/** What a request wants of a blob, and the head of the answer. */
function wanted(bytes: Buffer, request: IncomingMessage, response: ServerResponse): { start: number; end: number } {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const end = range?.[2] ? Math.min(Number(range[2]) + 1, bytes.length) : bytes.length;
  const part = range === null ? {} : { 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` };
  response.writeHead(range === null ? 200 : 206, { 'Content-Length': end - start, ...part });
  return { start, end };
}

/** Hands a blob over piece by piece, as fast as `paced` lets it; tells of each piece that the connection has taken. */
async function sendInPieces(
  bytes: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
  onSent: (bytes: number) => void,
  paced: (hasRoom: boolean) => Promise<unknown>,
): Promise<void> {
  const { start, end } = wanted(bytes, request, response);
  for (let at = start; at < end && !response.destroyed; at += PIECE) {
    const piece = bytes.subarray(at, Math.min(at + PIECE, end));
    onSent(piece.length);
    await paced(response.write(piece));
  }
  response.end();
}

/** From here on blobs come in that way; gives the number of bytes that have been sent. */
function count(pace: (response: ServerResponse) => (hasRoom: boolean) => Promise<unknown>): () => number {
  let sent = 0;
  registry.misbehave(/\/blobs\//, (request, response) => {
    const bytes = registry.content(request.url ?? '');
    if (bytes === undefined) return false;
    void sendInPieces(bytes, request, response, (size) => (sent += size), pace(response));
    return true;
  });
  return () => sent;
}

const countSlowly = (): (() => number) => count(() => () => sleep(PIECE_MS));

/** As fast as the other side takes it. */
const countFast = (): (() => number) =>
  count(
    (response) => (hasRoom) =>
      hasRoom || response.destroyed ? sleep(0) : Promise.race([once(response, 'drain'), once(response, 'close')]),
  );

test('a pull killed twenty times and continued fetches little more than the image', async () => {
  const image = testImage(Array.from({ length: 5 }, (_, number) => noisy(`file${number}`, 20 * MB)));
  registry.add('killed', 'latest', image);
  const sent = countSlowly();
  const name = `${registry.host}/killed`;
  let unfinished = 0;
  for (let round = 0; round < 20; round += 1) {
    const child = world.spawn(['pull', '-q', name]);
    await sleep(50 + Math.random() * 300);
    if (child.exitCode === null) unfinished += 1;
    child.kill('SIGKILL');
    await child.exited;
  }
  const last = await world.sampan('pull', '-q', name);
  expect({ ...last, stdout: '' }).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
  expect(unfinished).toBeGreaterThan(10);
  const size = image.layers.reduce((sum, { blob }) => sum + blob.length, 0);
  expect(sent()).toBeGreaterThanOrEqual(size);
  expect(sent() / size).toBeLessThanOrEqual(1.1);
  expect((await world.sampan('image', 'inspect', '-f', '{{.Id}}', name)).stdout.trim()).toBe(image.configDigest);
  expect((await world.sampan('rmi', name)).status).toBe(0);
  expect((await world.sampan('image', 'prune', '-f')).stdout).toContain('reclaimed space: 0B');
}, 180_000);

test('the same at full speed: once a pull was cut off, little is asked for at a time', async () => {
  const image = testImage(Array.from({ length: 12 }, (_, number) => noisy(`fast${number}`, 40 * MB)));
  registry.add('fast', 'latest', image);
  const sent = countFast();
  const name = `${registry.host}/fast`;
  let unfinished = 0;
  for (let round = 0; round < 20; round += 1) {
    const child = world.spawn(['pull', '-q', name]);
    await sleep(150 + Math.random() * 250);
    if (child.exitCode === null) unfinished += 1;
    child.kill('SIGKILL');
    await child.exited;
  }
  expect(await world.sampan('pull', '-q', name)).toMatchObject({ status: 0 });
  const size = image.layers.reduce((sum, { blob }) => sum + blob.length, 0);
  expect(unfinished).toBeGreaterThan(10);
  expect(sent()).toBeGreaterThanOrEqual(size);
  expect(sent() / size).toBeLessThanOrEqual(1.1);
  await world.sampan('rmi', name);
}, 300_000);

function getsOf(digest: string): number {
  return registry.seen.filter(({ path }) => path.endsWith(`blobs/${digest}`)).length;
}

test('four pulls of one image side by side fetch each blob once, its configuration too', async () => {
  const image = testImage([noisy('one', MB), noisy('two', MB)]);
  registry.add('same', 'latest', image);
  const pulls = await Promise.all([1, 2, 3, 4].map(() => world.sampan('pull', '-q', `${registry.host}/same`)));
  expect(pulls.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
  const digests = [image.configDigest, ...image.layers.map(({ blob }) => digestOf(blob))];
  expect(digests.map(getsOf)).toEqual([1, 1, 1]);
  await world.sampan('rmi', `${registry.host}/same`);
}, 60_000);

test('twenty pulls side by side of images that share layers fetch each blob once', async () => {
  const base = Array.from({ length: 4 }, (_, number) => noisy(`base${number}`, MB));
  const images = Array.from({ length: 20 }, (_, number) => testImage([...base, noisy(`own${number}`, 1000)]));
  for (const [number, image] of images.entries()) registry.add(`side${number}`, 'latest', image);
  const pulls = images.map((_, number) => world.sampan('pull', '-q', `${registry.host}/side${number}`));
  for (const { status, stderr } of await Promise.all(pulls))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const { blob } of images.flatMap(({ layers }) => layers)) expect(getsOf(digestOf(blob))).toBe(1);
  expect((await world.sampan('images', '-q')).stdout.trim().split('\n').length).toBe(20);
  expect((await world.sampan('image', 'prune', '-af')).status).toBe(0);
}, 180_000);

test('who waits for a pull that is killed goes on from there', async () => {
  const image = testImage([noisy('file', 10 * MB)]);
  registry.add('heir', 'latest', image);
  const sent = countSlowly();
  const dying = world.spawn(['pull', '-q', `${registry.host}/heir`]);
  while (sent() < 2 * MB) await sleep(5);
  const heir = world.sampan('pull', '-q', `${registry.host}/heir`);
  await sleep(200);
  dying.kill('SIGKILL');
  await dying.exited;
  expect(await heir).toMatchObject({ status: 0 });
  expect(sent() / (10 * MB)).toBeLessThan(1.1);
}, 60_000);

test('what a killed pull has left is told of and removed by image prune', async () => {
  const image = testImage([noisy('small', 1000), noisy('file', 10 * MB)]);
  registry.add('left', 'latest', image);
  const sent = countSlowly();
  const dying = world.spawn(['pull', '-q', `${registry.host}/left`]);
  while (sent() < 2 * MB) await sleep(5);
  await sleep(100);
  dying.kill('SIGKILL');
  await dying.exited;
  const told = (await world.sampan('image', 'prune', '--dry-run')).stdout;
  const size = Number(/reclaimed: ([\d.]+)MB/.exec(told)?.[1] ?? 0);
  expect(size).toBeGreaterThan(1);
  expect((await world.sampan('image', 'prune', '-f')).stdout).toBe(`Total reclaimed space: ${size}MB\n`);
  expect((await world.sampan('image', 'prune', '-f')).stdout).toBe('Total reclaimed space: 0B\n');
}, 60_000);

test('pulls side by side, some of them killed, end in whole images and nothing else', async () => {
  const base = [noisy('below', 2 * MB), noisy('middle', MB)];
  const images = [1, 2, 3].map((number) => testImage([...base.slice(0, number), noisy(`top${number}`, MB)]));
  for (const [number, image] of images.entries()) registry.add(`mix${number}`, 'latest', image);
  const names = images.map((_, number) => `${registry.host}/mix${number}`);
  countSlowly();
  for (let round = 0; round < 8; round += 1) {
    await world.sampan('rmi', '-f', ...names);
    const children = [...names, ...names].map((name) => world.spawn(['pull', '-q', name]));
    for (const child of children.toSorted(() => Math.random() - 0.5).slice(0, 4)) {
      await sleep(Math.random() * 250);
      child.kill('SIGKILL');
    }
    const statuses = await Promise.all(children.map(({ exited }) => exited));
    // Those that were not killed have not been harmed.
    expect(statuses.filter((status) => status !== 0 && status !== 137)).toEqual([]);
  }
  for (const name of names) expect(await world.sampan('pull', '-q', name)).toMatchObject({ status: 0 });
  await world.sampan('image', 'prune', '-f');
  expect(storeFaults(world.root)).toEqual([]);
}, 180_000);

/** What must not be: blobs that are not what they are called, rows and files that a finished pull should not have left. */
function storeFaults(root: string): string[] {
  const files = (path: string): string[] => {
    const directory = join(root, path);
    return existsSync(directory) ? readdirSync(directory).map((name) => `${path}/${name}`) : [];
  };
  const wrong = files('blobs/sha256').filter(
    (path) => digestOf(readFileSync(join(root, path))) !== `sha256:${path.slice(path.lastIndexOf('/') + 1)}`,
  );
  const database = new DatabaseSync(join(root, 'sampan.db'));
  const rows = ['claim', 'lease'].flatMap((table) =>
    database
      .prepare(`SELECT * FROM ${table}`)
      .all()
      .map((row) => JSON.stringify(row)),
  );
  database.close();
  return [...wrong, ...rows, ...['work', 'trash', 'partial/sha256'].flatMap(files)];
}
