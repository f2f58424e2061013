import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPAN } from '#tools/places.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
  await world.sampan('run', '--name', 'maker', world.image, 'sh', '-c', MANY);
  await world.sampan('commit', 'maker', 'many:1');
  await world.sampan('rm', 'maker');
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

/** So many that copying them can be cut in the middle. */
const FILES = 400;
const MANY = `mkdir /many; i=0; while [ $i -lt ${FILES} ]; do echo $i >/many/$i; i=$((i+1)); done`;
const ROUNDS = 16;

const listed = async (): Promise<string[]> =>
  (await world.sampan('volume', 'ls', '-q')).stdout.split('\n').filter(Boolean);
const directory = (): string => join(world.root, 'volumes');
const files = (name: string): number => readdirSync(join(directory(), name, '_data')).length;

/** Milliseconds that a command takes. */
async function timed(...args: string[]): Promise<number> {
  const before = performance.now();
  expect(await world.sampan(...args)).toMatchObject({ status: 0 });
  return performance.now() - before;
}

/** Runs a command and kills it, a little later each round: from its first moments to past its usual end. */
async function cut(round: number, usualMs: number, ...args: string[]): Promise<void> {
  const child = world.spawn(args);
  await sleep((round * usualMs * 1.6) / ROUNDS);
  // The last one comes to its end, however slow the machine is.
  if (round < ROUNDS - 1) child.kill('SIGKILL');
  await child.exited;
}

/** Records and directories are the same, and each directory holds the files and nothing half. */
async function expectWhole(): Promise<string[]> {
  const names = await listed();
  expect(readdirSync(directory()).sort()).toEqual([...names].sort());
  for (const name of names) expect(readdirSync(join(directory(), name))).toEqual(['_data']);
  return names;
}

async function untilGone(): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await world.sampan('ps', '-aq')).stdout === '') return;
    await sleep(50);
  }
  throw new Error('a container with --rm did not go');
}

test('run --rm killed at any moment leaves no volume that nobody named, and none half filled', async () => {
  const usual = await timed('run', '--rm', '-v', '/own', '-v', 'whole:/many', 'many:1', 'true');
  for (let round = 0; round < ROUNDS; round += 1) {
    const name = `named-${round}`;
    await cut(round, usual, 'run', '--rm', '-v', '/own', '-v', `${name}:/many`, 'many:1', 'true');
    await untilGone();
    const names = await expectWhole();
    expect(names.filter((one) => /^[0-9a-f]{64}$/.test(one))).toEqual([]);
    if (names.includes(name)) expect(files(name)).toBe(FILES);
  }
  await world.sampan('volume', 'prune', '-af');
}, 120_000);

test('a volume that was there is filled whole or not at all', async () => {
  let cuts = 0;
  const usual = await timed('create', '--name', 'box', '-v', 'whole:/many', 'many:1');
  await world.sampan('rm', 'box');
  for (let round = 0; round < ROUNDS; round += 1) {
    const name = `early-${round}`;
    await world.sampan('volume', 'create', name);
    await cut(round, usual, 'create', '--name', 'box', '-v', `${name}:/many`, 'many:1');
    expect(await expectWhole()).toContain(name);
    expect([0, FILES]).toContain(files(name));
    cuts += files(name) === 0 ? 1 : 0;
    await world.sampan('rm', '-f', 'box');
    await world.sampan('run', '--rm', '-v', `${name}:/many`, 'many:1', 'true');
    expect(files(name)).toBe(FILES);
  }
  expect(cuts).toBeGreaterThan(0);
  await world.sampan('volume', 'prune', '-af');
}, 120_000);

test('rm -v killed at any moment is done in full by the next command', async () => {
  const box = ['create', '--name', 'box', '-v', '/many', '-v', '/own', 'many:1'];
  await world.sampan(...box);
  const usual = await timed('rm', '-v', 'box');
  for (let round = 0; round < ROUNDS; round += 1) {
    await world.sampan(...box);
    expect((await listed()).length).toBe(2);
    await cut(round, usual, 'rm', '-v', 'box');
    const names = await expectWhole();
    const there = (await world.sampan('ps', '-aq')).stdout !== '';
    // Not begun, or done.
    expect(names.length).toBe(there ? 2 : 0);
    if (there) await world.sampan('rm', '-v', 'box');
  }
}, 120_000);

test('volume create, clone and rm killed at any moment are done or not done', async () => {
  await world.sampan('run', '--rm', '-v', 'source:/many', 'many:1', 'true');
  let [made, missing] = [0, 0];
  const usual = {
    create: await timed('volume', 'create', 'fresh'),
    clone: await timed('volume', 'clone', 'source', 'copy'),
    rm: await timed('volume', 'rm', 'fresh', 'copy'),
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await cut(round, usual.create, 'volume', 'create', 'fresh');
    await cut(round, usual.clone, 'volume', 'clone', 'source', 'copy');
    const names = await expectWhole();
    if (names.includes('copy')) expect(files('copy')).toBe(FILES);
    made += Number(names.includes('copy'));
    missing += Number(!names.includes('copy'));
    await world.sampan('volume', 'clone', 'source', 'copy');
    await cut(round, usual.rm, 'volume', 'rm', 'copy', 'fresh');
    for (const name of await expectWhole()) if (name !== 'fresh') expect(files(name)).toBe(FILES);
    await world.sampan('volume', 'rm', '-f', 'copy', 'fresh');
  }
  expect(missing).toBeGreaterThan(0);
  expect(made).toBeGreaterThan(0);
  expect(await listed()).toEqual(['source']);
}, 120_000);

test('a copy to a volume of a resting container that is killed leaves nothing mounted and nobody waiting', async () => {
  await world.sampan('create', '--name', 'rest', '-v', 'kept:/kept', world.image, 'true');
  const child = Bun.spawn([SAMPAN, 'cp', '-', 'rest:/kept'], {
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    env: { SAMPAN_ROOT: world.root },
  });
  const holders = (): string[] => world.leftovers().filter((line) => line.includes('launcher launch'));
  for (let tries = 0; holders().length === 0 && tries < 200; tries += 1) await sleep(20);
  expect(holders()).toHaveLength(1);
  child.kill('SIGKILL');
  await child.exited;
  for (let tries = 0; holders().length > 0 && tries < 100; tries += 1) await sleep(20);
  expect(holders()).toEqual([]);
  expect(await world.sampan('start', '-a', 'rest')).toMatchObject({ status: 0 });
  await world.sampan('rm', 'rest');
  await world.sampan('volume', 'prune', '-af');
}, 60_000);

test('what a dead process left half made is told of and taken away', async () => {
  const { Database } = await import('bun:sqlite');
  const database = new Database(join(world.root, 'sampan.db'));
  database.run(
    `INSERT INTO volume (name, options, labels, created, anonymous, phase, owner)
     VALUES ('half', '{}', '{}', 0, 0, 'creating', '999999999:1')`,
  );
  database.close();
  mkdirSync(join(directory(), 'half/_data'), { recursive: true });
  writeFileSync(join(directory(), 'half/_data/file'), '');
  const { stderr } = await world.sampan('ps');
  expect(stderr).toContain('removed volume half, which was left half made');
  expect(existsSync(join(directory(), 'half'))).toBe(false);
});
