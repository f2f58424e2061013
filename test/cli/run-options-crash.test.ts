/** A create that is killed at any moment leaves nothing of what its options hold. SAMPAN_TEST_ROUNDS makes more of it. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cliWorld, type CliWorld } from './world.ts';

const ROUNDS = Number(process.env['SAMPAN_TEST_ROUNDS'] ?? 10);
const STEP_MS = 7;

let world: CliWorld;
let other: string;
beforeAll(async () => {
  world = await cliWorld();
  other = await world.push('mounted', '1', { Cmd: ['true'] });
  for (const image of [world.image, other])
    expect(await world.sampan('pull', '-q', image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

function heldImages(): number {
  const database = new DatabaseSync(join(world.root, 'sampan.db'), { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS held FROM image_use').get()?.['held']);
  } finally {
    database.close();
  }
}

test('an image that was to be mounted is held by whole containers alone', async () => {
  const mount = `type=image,source=${other},target=/m`;
  for (let round = 0; round < ROUNDS; round += 1) {
    const child = world.spawn(['create', '--mount', mount, '--cgroup-parent', '/sampan/crash', world.image, 'true']);
    await sleep(round * STEP_MS);
    child.kill('SIGKILL');
    await child.exited;
  }
  const made = (await world.sampan('ps', '-aq', '--no-trunc')).stdout.split('\n').filter(Boolean);
  expect(heldImages()).toBe(made.length);
  const last = await world.sampan('create', '--mount', mount, world.image, 'true');
  expect((await world.sampan('rmi', other)).status).toBe(5);
  await world.sampan('rm', last.stdout.trim(), ...made);
  expect(heldImages()).toBe(0);
  expect((await world.sampan('rmi', other)).status).toBe(0);
  expect(world.leftovers()).toEqual([]);
}, 120_000);
