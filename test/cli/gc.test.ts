import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pushMulti } from './multi-world.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let images: string[];
beforeAll(async () => {
  world = await cliWorld();
  images = [];
  for (const name of ['one', 'two', 'three'])
    images.push(await world.push(name, '1', { Env: [`NAME=${name}`], Labels: { name } }));
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  settings('[gc]\nenabled = false\n');
  const all = (await world.sampan('ps', '-aq')).stdout.split('\n').filter(Boolean);
  if (all.length > 0) await world.sampan('rm', '-f', ...all);
  for (const name of await named()) {
    await world.sampan('image', 'unpin', name);
    await world.sampan('rmi', '-f', name);
  }
});

const file = (): string => join(world.root, 'config.toml');
const settings = (text: string): void => writeFileSync(file(), text);
const call = (...args: string[]) => world.call(args, { env: { SAMPAN_CONFIG: file() } });
const named = async (): Promise<string[]> =>
  (await world.sampan('images', '--format', '{{.Repository}}:{{.Tag}}')).stdout.split('\n').filter(Boolean).sort();
/** Everything is too much, and nothing is too young. */
const HUNGRY = '[gc]\nhigh = "1b"\nlow = "0b"\nmin_age = "0s"\nevery = "0s"\n';

async function pullAll(): Promise<void> {
  for (const image of images) expect((await call('pull', '-q', image)).status).toBe(0);
}

test('A pull past the high mark makes room: what was just brought, what containers are made from and what is kept stays', async () => {
  const [one = '', two = '', three = ''] = images;
  expect((await call('pull', '-q', one)).status).toBe(0);
  expect((await call('pull', '-q', two)).status).toBe(0);
  await call('run', '--name', 'user', one, 'true');
  settings(HUNGRY);
  const { status, stderr, stdout } = await call('pull', '-q', three);
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: expect.stringMatching(
      new RegExp(`^sampan: Removed the image ${two} to make room: unused for .*\n$`),
    ) as string,
  });
  expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(await named()).toEqual([one, three].sort());
  expect((await call('run', '--rm', three, 'echo', 'whole')).stdout).toBe('whole\n');
  settings(`${HUNGRY}keep = ["*/three"]\n`);
  expect((await call('system', 'gc')).stdout).toContain('The low mark is ');
  expect(await named()).toEqual([one, three].sort());
  settings(HUNGRY);
  await call('image', 'pin', three);
  await call('system', 'gc');
  expect(await named()).toEqual([one, three].sort());
  await call('image', 'unpin', three);
  const dry = await call('system', 'gc', '--dry-run');
  expect(dry.stdout).toContain(`Would remove ${three}, unused for `);
  expect((await named()).length).toBe(2);
  expect((await call('system', 'gc')).stdout).toContain(`Removed ${three}, unused for `);
  expect(await named()).toEqual([one]);
});

test('Whatever brings something makes room: commit, whole indexes, copies, lists', async () => {
  const [one = '', two = '', three = ''] = images;
  const list = await pushMulti(world.registry.url, 'whole', '1');
  const whole = `${world.registry.host}/whole:1`;
  const archive = join(world.root, 'three.tar');
  expect((await call('image', 'copy', `docker://${three}`, `oci-archive:${archive}`)).status).toBe(0);
  const bring: [string[], string][] = [
    [['commit', 'user', 'made:1'], 'made:1'],
    [['pull', '-q', '--all-platforms', whole], whole],
    [['image', 'copy', `oci-archive:${archive}`, 'store:copied:1'], 'copied:1'],
    [['manifest', 'create', 'made/list:1', one], 'made/list:1'],
  ];
  for (const [words, name] of bring) {
    settings('[gc]\nenabled = false\n');
    for (const image of [one, two]) expect((await call('pull', '-q', image)).status).toBe(0);
    expect((await call('run', '--name', 'user', one, 'true')).status).toBe(0);
    settings(HUNGRY);
    const { status, stderr } = await call(...words);
    expect({ words, status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining(two) as string });
    expect(await named()).toContain(name);
    expect(await named()).not.toContain(two);
    await call('rm', '-f', 'user');
    await call('rmi', '-f', name);
  }
  expect(list.digest).toMatch(/^sha256:/);
});

test('An image that went along with an index is not looked for again', async () => {
  // What stays is more than the low mark, so every image that may go is tried.
  const [one = ''] = images;
  expect((await call('run', '--name', 'user', one, 'true')).status).toBe(0);
  await pushMulti(world.registry.url, 'members', '1');
  const name = `${world.registry.host}/members:1`;
  expect((await call('pull', '-q', '--all-platforms', name)).status).toBe(0);
  for (const platform of ['linux/arm64', 'linux/riscv64'])
    await call('run', '--rm', '--pull', 'never', '--platform', platform, name, '/none');
  settings(HUNGRY);
  const { status, stderr } = await call('system', 'gc');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(await named()).toEqual([one]);
});

test('The least recently used goes first, and no more than the low mark asks for', async () => {
  await pullAll();
  const [one = '', two = '', three = ''] = images;
  await sleep(10);
  for (const image of [two, one]) expect((await call('run', '--rm', image, 'true')).status).toBe(0);
  // Images share their layer, so one of them frees no more than its documents.
  const size = await contentSize();
  settings(`[gc]\nhigh = "${size - 1}b"\nlow = "${size - 1}b"\nmin_age = "0s"\n`);
  expect((await call('system', 'gc')).stdout).toMatch(
    new RegExp(`^Removed ${three}, unused for [^\n]*\nTotal reclaimed space: `),
  );
  expect(await named()).toEqual([one, two].sort());
  settings(`[gc]\nhigh = "${size}b"\nmin_age = "0s"\n`);
  expect((await call('system', 'gc')).stdout).toBe('Total reclaimed space: 0B\n');
});

/** As the marks count it: blobs, and the files of layers. */
async function contentSize(): Promise<number> {
  const { openDatabase } = await import('#store/database.ts');
  const { STORE_MIGRATIONS } = await import('#store/schema.ts');
  const { ENGINE_MIGRATIONS } = await import('#engine/schema.ts');
  const database = openDatabase(join(world.root, 'sampan.db'), [...STORE_MIGRATIONS, ...ENGINE_MIGRATIONS]);
  const sum = (sql: string): number => database.get<{ bytes: number }>(sql)?.bytes ?? 0;
  try {
    return (
      sum('SELECT sum(size) AS bytes FROM blob') + sum("SELECT sum(size) AS bytes FROM snapshot WHERE kind = 'layer'")
    );
  } finally {
    database.close();
  }
}

test('Youth, another mark, a look not long ago and a word in the settings all keep it from happening', async () => {
  for (const text of [
    HUNGRY.replace('min_age = "0s"', 'min_age = "1h"'),
    HUNGRY.replace('high = "1b"\nlow = "0b"', 'high = "1t"'),
    `${HUNGRY}enabled = false\n`,
  ]) {
    settings(text);
    await pullAll();
    expect(await named()).toEqual(images.toSorted());
  }
  settings(HUNGRY.replace('every = "0s"', 'every = "1h"'));
  // The looks above were the last ones.
  await call('pull', '-q', images[0] ?? '');
  expect(await named()).toEqual(images.toSorted());
});

test('Marks by percent ask the file system', async () => {
  await pullAll();
  settings('[gc]\nhigh = "0%"\nlow = "0%"\nmin_age = "0s"\n');
  expect((await call('system', 'gc')).status).toBe(0);
  expect(await named()).toEqual([]);
});

test('Collections never take what a pull beside them brings', async () => {
  settings(HUNGRY.replace('[gc]', '[gc]\nenabled = false'));
  const collecting = { on: true };
  const collector = (async () => {
    while (collecting.on) expect((await call('system', 'gc')).status).toBe(0);
  })();
  for (let round = 0; round < 6; round += 1) {
    const image = images[round % images.length] ?? '';
    const { status, stderr } = await call('run', '--rm', '--pull', 'always', image, 'true');
    // Between the pull and the making of the container nothing holds the image: that is said, and nothing is half there.
    if (status !== 0)
      expect(stderr).toMatch(/has just been removed|was removed as soon as it was pulled|No such image/);
  }
  collecting.on = false;
  await collector;
  expect((await call('image', 'verify')).status).toBe(0);
});

test('A configuration that cannot be read stops a command before it does anything', async () => {
  settings('[gc]\nhihg = "1g"\n');
  const { status, stderr } = await call('pull', '-q', images[0] ?? '');
  expect(status).toBe(2);
  expect(stderr).toBe(`sampan: read ${file()}: there is no setting "gc.hihg"\nIs "high" meant?\n`);
  expect(await named()).toEqual([]);
  expect((await world.sampan('--config', '/nowhere.toml', 'images')).stderr).toContain(
    'read the configuration /nowhere.toml',
  );
});
