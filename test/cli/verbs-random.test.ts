/** Several people at work on the same few containers: whatever each does, he hears of one of the outcomes that are told of. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generator } from '#tools/random.ts';
import { cliWorld, type CliWorld, type Outcome } from './world.ts';

const [STEPS, SEED] = [Number(process.env['STEPS'] ?? 40), Number(process.env['SEED'] ?? 20_261_125)];
const WORKERS = [2, 3, 4];
const NAMES = ['one', 'two', 'three'];
const PROGRAM = ['sh', '-c', 'trap "exit 7" TERM; while :; do sleep 0.05; done'];

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
  writeFileSync(join(world.root, 'small'), 'small');
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

/** What others may have made of the container meanwhile. */
const GONE = /No such (container|object)|has been removed/;
const AT_REST = /is not running|does not run|is not paused/;
const UP = /is running|is already paused|it is paused/;
const MOVING = /is just ending|is being (made|removed)|has been changing this container/;
const TAKEN = /is in use by container|is the one it has/;

interface Act {
  args(name: string, other: string): string[];
  /** What it may say when it fails; nothing else. */
  says: readonly RegExp[];
  /** Statuses beside 0, 3 (not there) and 5 (not as it should be). */
  statuses?: readonly number[];
}

const made = (words: readonly string[], name: string): string[] => [...words, '--name', name, world.image, ...PROGRAM];

const ACTS: readonly Act[] = [
  { args: (name) => made(['create'], name), says: [TAKEN], statuses: [125] },
  { args: (name) => made(['run', '-d'], name), says: [TAKEN, GONE, AT_REST, UP, MOVING], statuses: [125] },
  { args: (name) => made(['create', '--rm'], name), says: [TAKEN], statuses: [125] },
  { args: (name) => ['start', name], says: [GONE, UP, MOVING] },
  { args: (name) => ['stop', '-t', '5', name], says: [GONE, MOVING] },
  { args: (name) => ['restart', '-t', '5', name], says: [GONE, UP, MOVING] },
  { args: (name) => ['kill', name], says: [GONE, AT_REST] },
  { args: (name) => ['pause', name], says: [GONE, AT_REST, UP, MOVING] },
  { args: (name) => ['unpause', name], says: [GONE, AT_REST, MOVING] },
  { args: (name, other) => ['rename', name, other], says: [GONE, TAKEN, MOVING], statuses: [4] },
  { args: (name) => ['rm', name], says: [GONE, UP, MOVING] },
  { args: (name) => ['rm', '-f', name], says: [GONE] },
  // 137: it was in there when the container was killed.
  { args: (name) => ['exec', name, 'true'], says: [GONE, AT_REST, UP, MOVING, /^$/], statuses: [125, 137] },
  { args: (name) => ['update', '-m', '64m', name], says: [GONE, MOVING] },
  { args: (name) => ['cp', join(world.root, 'small'), `${name}:/tmp/small`], says: [GONE, MOVING, AT_REST, UP] },
  { args: (name) => ['commit', name, 'random:1'], says: [GONE, MOVING, AT_REST, /it was removed meanwhile/] },
  { args: (name) => ['top', name], says: [GONE, AT_REST, UP, MOVING] },
  { args: (name) => ['logs', name], says: [GONE] },
  { args: (name) => ['diff', name], says: [GONE, MOVING] },
  { args: (name) => ['inspect', name], says: [GONE] },
  { args: (name) => ['port', name], says: [GONE] },
  { args: () => ['container', 'prune', '-f'], says: [] },
  { args: () => ['ps', '-a', '--format', 'json'], says: [] },
];

function isTold({ status, stderr }: Outcome, { says, statuses = [] }: Act): boolean {
  if (status === 0) return true;
  return [3, 5, ...statuses].includes(status ?? -1) && says.some((one) => one.test(stderr));
}

async function worker(random: (below: number) => number, strange: string[]): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) {
    const act = ACTS[random(ACTS.length)];
    if (act === undefined) return;
    const args = act.args(NAMES[random(NAMES.length)] ?? '', NAMES[random(NAMES.length)] ?? '');
    const outcome = await world.sampan(...args);
    if (!isTold(outcome, act)) strange.push(`${args.slice(0, 4).join(' ')}: ${outcome.status}: ${outcome.stderr}`);
  }
}

for (const workers of WORKERS) {
  test(`${workers} at once do ${STEPS} random things each (SEED=${SEED})`, async () => {
    const strange: string[] = [];
    const each = Array.from({ length: workers }, (_, at) => {
      const next = generator(SEED + workers * 100 + at);
      for (let round = 0; round < 10; round += 1) next();
      return worker((below) => Math.floor(next() * below), strange);
    });
    await Promise.all(each);
    expect(strange).toEqual([]);
    const ids = (await world.sampan('ps', '-aq', '--no-trunc')).stdout.split('\n').filter(Boolean);
    // One that was to remove itself may just do so.
    const removed = await Promise.all(ids.map((id) => world.sampan('rm', '-f', id)));
    for (const { status, stderr } of removed) if (status !== 0) expect(stderr).toMatch(GONE);
    for (let tries = 0; world.leftovers().length > 0 && tries < 100; tries += 1) await sleep(100);
    expect(world.leftovers()).toEqual([]);
  }, 240_000);
}
