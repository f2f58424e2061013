import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { campaignRound, prepareCampaign } from './campaign.ts';
import { checkStore } from './check.ts';
import { CONTAINER, type Material } from './operations.ts';

const [ROUNDS, SEED] = [Number(process.env['ROUNDS'] ?? 100), Number(process.env['SEED'] ?? 20_261_125)];

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

describe('The checker sees what it is there to see', () => {
  let row: (sql: string) => void;
  const blob = (): string => find('blobs', '-type', 'f');
  const tree = (): string => find('snapshots', '-mindepth', '2', '-maxdepth', '2');
  const find = (directory: string, ...which: string[]): string =>
    execFileSync('find', [join(world.root, directory), ...which], { encoding: 'utf8' }).split('\n')[0] ?? '';

  beforeEach(async () => {
    await world.sampan('image', 'prune', '-af');
    expect((await world.sampan('pull', '-q', world.image)).status).toBe(0);
    expect(checkStore(world.root)).toEqual([]);
    row = (sql) => {
      const database = new DatabaseSync(join(world.root, 'sampan.db'));
      database.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
      database.close();
    };
  });

  const CASES: readonly (readonly [string, () => void, RegExp])[] = [
    [
      'a changed blob',
      () => execFileSync('sh', ['-c', 'printf x | dd of="$1" conv=notrunc bs=1 seek=3 status=none', 'sh', blob()]),
      /hashes right: .* has other content/,
    ],
    ['a lost blob', () => rmSync(blob()), /hashes right: .* has no file/],
    [
      'a stray blob',
      () => writeFileSync(join(world.root, 'blobs/sha256/x'), ''),
      /every file in blobs is recorded: sha256:x/,
    ],
    ['a lost tree', () => renameSync(tree(), join(world.root, 'moved')), /every recorded tree is there/],
    [
      'a stray tree',
      () => mkdirSync(join(world.root, 'snapshots/overlay/999')),
      /every directory in snapshots is recorded/,
    ],
    ['a stray lease', () => row("INSERT INTO lease VALUES ('1-1-1', 'blob', 'x')"), /no lease of a process/],
    ['left work', () => mkdirSync(join(world.root, 'work/1-1-x'), { recursive: true }), /no unfinished work/],
    ['left trash', () => mkdirSync(join(world.root, 'trash/1-1-x'), { recursive: true }), /no unfinished work/],
    [
      'an unneeded blob',
      () => row('DELETE FROM image; DELETE FROM image_name; DELETE FROM image_blob'),
      /that nothing needs/,
    ],
    ['a lost row of a layer', () => row('DELETE FROM snapshot'), /has no layer/],
    ['a lost link', () => row('DELETE FROM image_blob WHERE digest = image'), /kept for it/],
    ['another record', () => row("UPDATE image SET layers = '[]', chain = ''"), /documents of an image/],
    [
      'an index that lacks what it leads to',
      () =>
        row(`INSERT INTO image_index SELECT manifest, 'x', 'index', '[]', 1, 1 FROM image;
             INSERT INTO index_name SELECT 'x', manifest, 'tag' FROM image`),
      /an index keeps all that it leads to/,
    ],
    ['a lost container', () => mkdirSync(join(world.root, 'containers/abc')), /abc is no container/],
    ['a name that leads nowhere', () => row("INSERT INTO image_name VALUES ('x', 'sha256:y', 'tag')"), /leads nowhere/],
  ];

  test.each(CASES)('%s', async (_, damage, said) => {
    damage();
    expect(checkStore(world.root).join('\n')).toMatch(said);
    await resetStore();
  });

  /** Damage of all kinds, some of which no command can live with. */
  async function resetStore(): Promise<void> {
    for (const name of [
      'blobs',
      'snapshots',
      'work',
      'trash',
      'moved',
      'containers',
      'sampan.db',
      'sampan.db-wal',
      'sampan.db-shm',
    ])
      rmSync(join(world.root, name), { recursive: true, force: true });
    await world.sampan('images');
  }
});

test(`${ROUNDS} rounds of kill -9 leave a store that is right after the next command (seed ${SEED})`, async () => {
  const material: Material = await prepareCampaign(world, SEED);
  const config = join(world.root, 'config.toml');
  // Past the mark, and nothing too young.
  writeFileSync(config, '[gc]\nhigh = "1b"\nlow = "0b"\nmin_age = "0s"\nenabled = false\n');
  const hungry = { ...material, world: configured(world, config) };
  const wrong: string[] = [];
  for (let round = 1; round <= ROUNDS && wrong.length === 0; round += 1) {
    wrong.push(...(await campaignRound(hungry, round)));
  }
  expect(wrong).toEqual([]);
  // Else it would show nothing: many are killed at work, and some get through.
  expect(hungry.tally.killed).toBeGreaterThan(ROUNDS / 2);
  expect(hungry.tally.ended).toBeGreaterThan(ROUNDS / 10);
  expect((await world.sampan('image', 'verify', '-q')).status).toBe(0);
  await world.sampan('rm', CONTAINER);
  await world.sampan('image', 'prune', '-af');
  expect(checkStore(world.root)).toEqual([]);
  expect(execFileSync('find', [join(world.root, 'blobs'), '-type', 'f'], { encoding: 'utf8' })).toBe('');
}, 600_000);

/** The same world, whose commands read a configuration. */
function configured(plain: CliWorld, config: string): CliWorld {
  const call: CliWorld['call'] = (args, options = {}) => plain.call(['--config', config, ...args], options);
  return {
    ...plain,
    call,
    sampan: (...args) => call(args),
    spawn: (args) => plain.spawn(['--config', config, ...args]),
  };
}
