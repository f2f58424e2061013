import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { checkStore } from '#test/store-check/check.ts';
import { generator } from '#tools/random.ts';
import { leaks, statusLost } from './check.ts';
import { crashRound, must, type Campaign } from './round.ts';
import { ENDLESS, linesOfRuns, makeNotes, program } from './subject.ts';

const [ROUNDS, SEED] = [Number(process.env['ROUNDS'] ?? 20), Number(process.env['SEED'] ?? 20_261_125)];

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  await must(world, 'pull', '-q', world.image);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const subject = (tag: string) => ({
  id: 'x',
  tag,
  toGo: false,
  torn: new Set<number>(),
  killed: new Set<number>(),
  seen: new Map(),
});

test('the checker sees what it is there to see', async () => {
  expect(() => linesOfRuns('1 1\n1 3\n')).toThrow('line 3 of run 1 follows line 1');
  expect(linesOfRuns('1 1\n1 2\n2 1\n2')).toEqual(
    new Map([
      [1, 2],
      [2, 1],
    ]),
  );
  const ended = { id: 'x', name: 'x', status: 'exited', code: 0, startedAt: Date.now() - 60_000 };
  writeFileSync(join(makeNotes(world.root, 'x'), 'ends'), '1 7\n');
  expect(statusLost(world.root, subject('x'), ended)).toEqual(['x is said to have ended with 0, and meant 7']);
  expect(statusLost(world.root, { ...subject('x'), killed: new Set([1]) }, { ...ended, code: 137 })).toEqual([]);
  const id = (await must(world, 'run', '-d', '--name', 'seen', world.image, ...program(world.root, ENDLESS))).trim();
  const words = leaks(world.root, []).map((line) => line.split(' ')[0]);
  expect(new Set(words)).toEqual(new Set([id.slice(0, 12), 'control', 'directory', 'process', 'seen']));
  await must(world, 'rm', '-f', 'seen');
});

test(
  `${ROUNDS} rounds of crashes (SEED=${SEED}) lose and leave nothing`,
  async () => {
    writeFileSync(join(world.root, 'big'), Buffer.alloc(8 << 20, 5));
    const next = generator(SEED);
    for (let round = 0; round < 10; round += 1) next();
    const random = (below: number): number => Math.floor(next() * below);
    const campaign: Campaign = { world, random, subjects: [], spans: new Map(), count: 0, killed: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      expect((await crashRound(campaign)).map((one) => `round ${round}: ${one}`)).toEqual([]);
    }
    expect(campaign.killed).toBeGreaterThan(ROUNDS / 10);
    for (const { id } of campaign.subjects) await must(world, 'rm', '-f', id);
    expect(world.leftovers()).toEqual([]);
    await must(world, 'image', 'prune', '-f');
    expect(checkStore(world.root)).toEqual([]);
  },
  60_000 + ROUNDS * 8000,
);
