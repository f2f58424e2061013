import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { checkStore } from '#test/store-check/check.ts';
import { generator } from '#tools/random.ts';
import { campaignRound, type Campaign } from './campaign.ts';
import { compare, must } from './world-model.ts';
import { PROGRAM } from './verbs.ts';

const [ROUNDS, SEED] = [Number(process.env['ROUNDS'] ?? 60), Number(process.env['SEED'] ?? 20_261_125)];

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  await must(world, 'pull', '-q', world.image);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

test('the comparison sees what it is there to see', () => {
  const known = (): Campaign['known'] => [{ id: 'abc', names: new Set(['one']), memory: new Set([48]) }];
  const seen = { id: 'abc', name: 'one', status: 'running', memory: 48, pid: 1 };
  expect(compare(known(), [seen])).toEqual([]);
  expect(compare(known(), [])).toEqual(['container abc is lost']);
  expect(compare(known(), [{ ...seen, name: 'two' }])).toEqual(['abc is called two']);
  expect(compare(known(), [{ ...seen, memory: 49 }])).toEqual(['one may use 49 MiB']);
});

test(
  `${ROUNDS} rounds of verbs that are killed (SEED=${SEED}) lose and leave nothing`,
  async () => {
    writeFileSync(join(world.root, 'big'), Buffer.alloc(16 << 20, 5));
    const next = generator(SEED);
    for (let round = 0; round < 10; round += 1) next();
    const campaign: Campaign = { world, random: (below) => Math.floor(next() * below), known: [], killed: 0 };
    for (const name of ['one', 'two', 'three']) {
      const id = (await must(world, 'create', '-m', '48m', '--name', name, world.image, ...PROGRAM)).trim();
      writeFileSync(join(world.root, 'mark'), id);
      await must(world, 'cp', join(world.root, 'mark'), `${name}:/mark`);
      campaign.known.push({ id, names: new Set([name]), memory: new Set([48]) });
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      expect((await campaignRound(campaign)).map((one) => `round ${round}: ${one}`)).toEqual([]);
    }
    expect(campaign.killed).toBeGreaterThan(ROUNDS / 3);
    for (const { id } of campaign.known) {
      await world.sampan('unpause', id);
      await world.sampan('start', id);
      expect(await must(world, 'exec', id, 'cat', '/mark')).toBe(id);
      expect(readdirSync(join(world.root, 'containers', id))).not.toContain('held');
      await must(world, 'rm', '-f', id);
    }
    expect(world.leftovers().filter((line) => line.includes(world.root))).toEqual([]);
    await must(world, 'image', 'prune', '-f');
    expect(checkStore(world.root)).toEqual([]);
  },
  ROUNDS * 4000,
);
