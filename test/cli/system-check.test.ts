import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { isAlive } from '#base/process-identity.ts';
import { checkStore } from '#test/store-check/check.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

interface Found {
  rule: string;
  subject: string;
  problem: string;
  state: 'wrong' | 'mended' | 'left';
  todo: string;
}

async function check(...flags: string[]): Promise<{ status: number | null; found: Found[] }> {
  const { status, stdout, stderr } = await world.sampan('system', 'check', '--format', 'json', ...flags);
  expect(stderr).toBe('');
  return { status, found: JSON.parse(stdout) as Found[] };
}

function sql(text: string, ...values: (string | number)[]): Record<string, unknown>[] {
  const database = new DatabaseSync(join(world.root, 'sampan.db'));
  try {
    database.exec('PRAGMA busy_timeout = 5000');
    return database.prepare(text).all(...values);
  } finally {
    database.close();
  }
}

const at = (...parts: string[]): string => join(world.root, ...parts);
const idOf = async (name: string): Promise<string> =>
  (await world.sampan('inspect', '-f', '{{.Id}}', name)).stdout.trim();
const treeOf = (id: string): string => {
  const [row] = sql('SELECT id, driver FROM snapshot WHERE key = ?', id);
  return at('snapshots', String(row?.['driver']), String(row?.['id']));
};
const dead = '1:1';
const GROUPS = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '/sys/fs/cgroup/sampan' : '/sys/fs/cgroup/pids/sampan';

/** The container that damage is done to. */
let id: string;
const makeOne = async (): Promise<void> => {
  await world.sampan('create', '--name', 'one', '-v', 'data:/data', world.image, 'true');
  id = await idOf('one');
};

/** By the rule that finds it: what is done, how a repair leaves it, and how it goes when that does not help. */
const DAMAGE: readonly (readonly [rule: string, damage: () => void, after: Found['state'], tidy?: () => unknown])[] = [
  ['container-unsettled', () => void sql('UPDATE containers SET owner = ? WHERE id = ?', dead, id), 'mended'],
  [
    'container-directory-lost',
    () => rmSync(at('containers', id), { recursive: true }),
    'left',
    () => mkdirSync(at('containers', id)),
  ],
  [
    'container-tree-lost',
    () => rmSync(join(treeOf(id), 'fs'), { recursive: true }),
    'left',
    async () => {
      await world.sampan('rm', 'one');
      await makeOne();
    },
  ],
  ['stray-container-directory', () => mkdirSync(at('containers', 'f'.repeat(64))), 'mended'],
  [
    'stray-container-tree',
    () =>
      void sql("INSERT INTO snapshot (driver, key, kind, size, created) VALUES ('overlay', 'gone', 'container', 0, 0)"),
    'mended',
  ],
  ['stray-tree', () => mkdirSync(at('snapshots/overlay/9999')), 'mended'],
  ['stray-blob', () => writeFileSync(at('blobs/sha256', '0'.repeat(64)), 'x'), 'mended'],
  ['abandoned-work', () => mkdirSync(at('work', `${dead.replace(':', '-')}-abc`), { recursive: true }), 'mended'],
  ['dead-lease', () => void sql("INSERT INTO lease (owner, kind, key) VALUES ('1-1-abc', 'blob', 'x')"), 'mended'],
  ['dead-lease', () => void sql("INSERT INTO claim (owner, kind, key) VALUES ('1-1-abc', 'blob', 'x')"), 'mended'],
  [
    'volume-unsettled',
    () => void sql("UPDATE volume SET phase = 'filling', owner = ? WHERE name = 'data'", dead),
    'mended',
  ],
  ['volume-half-filled', () => mkdirSync(at('volumes/data/_fill')), 'mended'],
  [
    'volume-files-lost',
    () => renameSync(at('volumes/data/_data'), at('aside')),
    'left',
    () => renameSync(at('aside'), at('volumes/data/_data')),
  ],
  [
    'stray-volume-directory',
    () => mkdirSync(at('volumes/stranger/_data'), { recursive: true }),
    'left',
    () => rmSync(at('volumes/stranger'), { recursive: true }),
  ],
  [
    'image-mount-lost',
    () =>
      void sql(
        "INSERT INTO image_mount (image, chain, path, times, place) VALUES ('sha256:0', 'sha256:0', '/nowhere', 1, '')",
      ),
    'mended',
  ],
  [
    'stray-mount',
    () => {
      mkdirSync(at('containers', id, 'mnt'));
      expect(spawnSync('mount', ['-t', 'tmpfs', 'stray', at('containers', id, 'mnt')]).status).toBe(0);
    },
    'mended',
    () => rmSync(at('containers', id, 'mnt'), { recursive: true }),
  ],
  [
    'stray-control-group',
    () => {
      mkdirSync(join(GROUPS, id), { recursive: true });
      const child = Bun.spawn(['sleep', '1000']);
      writeFileSync(join(GROUPS, id, 'cgroup.procs'), String(child.pid));
    },
    'mended',
    () => expect(existsSync(join(GROUPS, id))).toBe(false),
  ],
];

test('Where all is as it should be, nothing is found, and nothing is changed', async () => {
  await world.sampan('volume', 'create', 'data');
  await world.sampan('run', '-d', '--name', 'up', world.image, 'sleep', '1000');
  expect((await world.sampan('image', 'mount', world.image)).status).toBe(0);
  await makeOne();
  expect(await check()).toEqual({ status: 0, found: [] });
  expect(await check('--repair', '--quick')).toEqual({ status: 0, found: [] });
  expect((await world.sampan('system', 'check')).stdout).toBe('All is as it should be.\n');
  expect((await world.sampan('ps', '-q')).stdout).not.toBe('');
  await world.sampan('image', 'unmount', world.image);
});

test.each(DAMAGE)(
  'Damage is found, told without being touched, and mended where that is safe: %s',
  async (rule, damage, after, tidy) => {
    damage();
    const seen = await check('--quick');
    expect(seen.status).toBe(9);
    expect(seen.found.filter((one) => one.rule === rule)).toMatchObject([{ state: 'wrong' }]);
    expect(await check('--quick')).toEqual(seen);
    const mended = await check('--quick', '--repair');
    expect(mended.found.find((one) => one.rule === rule)).toMatchObject({ state: after });
    expect(mended.status).toBe(after === 'mended' ? 0 : 9);
    await tidy?.();
    expect(await check('--quick')).toEqual({ status: 0, found: [] });
    expect((await world.sampan('ps', '--format', 'json')).stdout).toContain('"up"');
  },
);

test('A monitor that was killed is found before anything settles it', async () => {
  await world.sampan('run', '-d', '--name', 'orphan', world.image, 'sleep', '1000');
  const [monitor] = readFileSync(at('containers', await idOf('orphan'), 'lock'), 'latin1').split(' ');
  process.kill(Number(monitor), 'SIGKILL');
  await sleep(50);
  const { found } = await check('--quick');
  expect(found).toMatchObject([{ rule: 'container-monitor-gone', subject: 'orphan', state: 'wrong' }]);
  expect(await check('--quick', '--repair')).toMatchObject({ status: 0, found: [{ state: 'mended' }] });
  await world.sampan('rm', '-f', 'orphan');
});

test('A monitor of a container that there is not any more is ended', async () => {
  await world.sampan('run', '-d', '--name', 'ghost', world.image, 'sleep', '1000');
  const ghost = await idOf('ghost');
  const monitor = readFileSync(at('containers', ghost, 'lock'), 'latin1')
    .trim()
    .replace(' ', ':');
  sql("DELETE FROM containers WHERE name = 'ghost'");
  const { found } = await check('--quick');
  expect(found.map(({ rule }) => rule).sort()).toEqual(
    ['stray-container-directory', 'stray-container-tree', 'stray-control-group', 'stray-monitor'].sort(),
  );
  expect((await check('--quick', '--repair')).status).toBe(0);
  expect(isAlive(monitor)).toBe(false);
  expect(world.leftovers().filter((line) => line.includes(ghost))).toEqual([]);
});

test('Without --quick the bytes of images are looked at, and what was lost comes back from its registry', async () => {
  const [blob] = sql('SELECT digest FROM blob ORDER BY size DESC LIMIT 1');
  const path = at('blobs', ...String(blob?.['digest']).split(':'));
  const bytes = readFileSync(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  expect(await check('--quick')).toEqual({ status: 0, found: [] });
  expect(await check()).toMatchObject({ status: 9, found: [{ rule: 'blob-damaged', state: 'wrong' }, {}] });
  expect(await check('--repair')).toMatchObject({ status: 0 });
  expect(await check()).toEqual({ status: 0, found: [] });
});

test('A lost layer is unpacked again, with --quick too, and its image stays', async () => {
  const [layer] = sql("SELECT id, driver FROM snapshot WHERE kind = 'layer'");
  rmSync(at('snapshots', String(layer?.['driver']), String(layer?.['id'])), { recursive: true });
  expect((await check('--quick')).found.map(({ rule }) => rule)).toContain('layer-lost');
  expect((await check('--quick', '--repair')).status).toBe(0);
  // The old one is still recorded for the containers that stood on it.
  expect(checkStore(world.root).filter((line) => !line.includes('replaced'))).toEqual([]);
  expect((await world.sampan('run', '--rm', world.image, 'echo', 'there')).stdout).toBe('there\n');
});

test('A damaged database is said to be so', async () => {
  const copy = at('copy');
  mkdirSync(copy);
  sql('VACUUM INTO ?', join(copy, 'sampan.db'));
  const file = join(copy, 'sampan.db');
  truncateSync(file, readFileSync(file).length - 8192);
  const { status, stdout, stderr } = await world.sampan('--root', copy, 'system', 'check', '--quick');
  expect(status).not.toBe(0);
  expect(stdout + stderr).toMatch(/database|malformed|corrupt/i);
  rmSync(copy, { recursive: true });
});

test('Beside commands that are at work nothing is found', async () => {
  const end = Date.now() + 3000;
  const busy = async (name: string): Promise<void> => {
    while (Date.now() < end) {
      await world.sampan('run', '--rm', '--name', name, '-v', `${name}:/v`, world.image, 'true');
      await world.sampan('run', '-d', '--name', name, world.image, 'sleep', '1000');
      await world.sampan('rm', '-f', name);
      await world.sampan('volume', 'rm', name);
    }
  };
  const images = async (): Promise<void> => {
    while (Date.now() < end) {
      await world.sampan('commit', 'one', 'made');
      await world.sampan('rmi', 'made');
    }
  };
  const look = async (): Promise<void> => {
    while (Date.now() < end) expect(await check('--quick')).toEqual({ status: 0, found: [] });
  };
  await Promise.all([busy('a'), busy('b'), images(), look()]);
});

test('A repair that is killed anywhere is finished by the next one', async () => {
  for (const wait of [100, 300, 700]) {
    mkdirSync(at('snapshots/overlay/9999'));
    mkdirSync(at('containers', 'e'.repeat(64)));
    writeFileSync(at('blobs/sha256', '1'.repeat(64)), 'x');
    const child = world.spawn(['system', 'check', '--repair', '--quick']);
    await sleep(wait);
    child.kill('SIGKILL');
    await child.exited;
    expect((await check('--repair', '--quick')).status).toBe(0);
    expect(await check('--quick')).toEqual({ status: 0, found: [] });
  }
});
