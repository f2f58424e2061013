import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

interface Told {
  seq: number;
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  time: number;
  timeNano: number;
}
const past = async (...filters: string[]): Promise<Told[]> => {
  const flags = filters.flatMap((filter) => ['--filter', filter]);
  const { stdout, status, stderr } = await world.sampan(
    'events',
    '--since',
    '1h',
    '--until',
    '0s',
    '--format',
    'json',
    ...flags,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Told);
};
const actions = async (name: string): Promise<string[]> =>
  (await past(`container=${name}`)).map(({ Action }) => Action);

test('every verb that changes a container is told of, in order and once', async () => {
  const script = 'trap "exit 3" TERM; while :; do sleep 0.05; done';
  await world.sampan('create', '--name', 'tale', '--label', 'k=v', world.image, 'sh', '-c', script);
  const steps = [['start'], ['pause'], ['unpause'], ['update', '--pids-limit', '50'], ['restart'], ['stop']];
  for (const step of steps) expect(await world.sampan(...step, 'tale')).toMatchObject({ status: 0, stderr: '' });
  await world.sampan('rename', 'tale', 'tail');
  await world.sampan('start', 'tail');
  await world.sampan('exec', 'tail', 'echo', 'x');
  await world.sampan('kill', 'tail');
  await world.sampan('rm', 'tail');
  const [created] = await past('event=create', 'label=k=v');
  const told = await past(`container=${created?.Actor.ID}`);
  const order = [
    'create start pause unpause update'.split(' '),
    'kill die stop start restart kill die stop rename start'.split(' '),
    ['exec_create: echo x', 'exec_start: echo x', 'exec_die', 'kill', 'die', 'destroy'],
  ];
  expect(told.map(({ Action }) => Action)).toEqual(order.flat());
  expect(told.map(({ seq }) => seq)).toEqual(told.map(({ seq }) => seq).toSorted((a, b) => a - b));
  expect(new Set(told.map(({ seq }) => seq)).size).toBe(told.length);
  const dies = told.filter(({ Action }) => Action === 'die').map(({ Actor }) => Actor.Attributes['exitCode']);
  expect(dies).toEqual(['3', '3', '137']);
  expect(told[0]?.Actor.Attributes).toEqual({ image: world.image, name: 'tale', k: 'v' });
});

test('ends are told with the moment when they came, also of --rm and of a killed monitor', async () => {
  await world.sampan('run', '--rm', '--name', 'brief', world.image, 'sh', '-c', 'exit 4');
  expect(await actions('brief')).toEqual(['create', 'start', 'die', 'destroy']);
  const { stdout: id } = await world.sampan('run', '-d', '--name', 'lost', world.image, 'sleep', '1000');
  const lock = readFileSync(`${world.root}/containers/${id.trim()}/lock`, 'latin1');
  process.kill(Number(lock.split(' ')[0]), 'SIGKILL');
  await sleep(100);
  await world.sampan('ps');
  expect(await actions('lost')).toEqual(['create', 'start', 'die']);
  expect((await past('container=lost', 'event=die'))[0]?.Actor.Attributes['exitCode']).toBe('137');
  await world.sampan('run', '-d', '--name', 'quiet', world.image, 'sh', '-c', 'exit 0');
  await sleep(1500);
  const [start, die] = await past('container=quiet', 'event=die', 'event=start');
  expect(Number(die?.timeNano) - Number(start?.timeNano)).toBeLessThan(1e9);
  await world.sampan('rm', '-f', 'lost', 'quiet');
});

test('a program that cannot be started has no beginning and no end', async () => {
  expect((await world.sampan('run', '--name', 'never', world.image, '/no/such')).status).toBe(127);
  await world.sampan('rm', 'never');
  expect(await actions('never')).toEqual(['create', 'destroy']);
});

test('they are told live, with nobody but the follower to see an end', async () => {
  const follower = world.spawn([
    'events',
    '--format',
    '{{.Action}} {{.Actor.Attributes.name}}',
    '--filter',
    'type=container',
  ]);
  await sleep(700);
  const starter = world.spawn(['run', '-d', '--name', 'seen', world.image, 'sleep', '0.5']);
  await starter.exited;
  await sleep(2000);
  follower.kill('SIGINT');
  expect(await new Response(follower.stdout).text()).toBe('create seen\nstart seen\ndie seen\n');
  expect(await follower.exited).toBe(130);
  await world.sampan('rm', 'seen');
});

test('a kill between the start and its telling loses neither', async () => {
  for (let round = 0; round < 12; round += 1) {
    const child = world.spawn(['run', '--name', `cut${round}`, world.image, 'sh', '-c', 'sleep 0.2; exit 5']);
    await sleep(25 + round * 8);
    child.kill('SIGKILL');
    await child.exited;
  }
  await sleep(800);
  await world.sampan('ps');
  const told = await past('type=container');
  for (let round = 0; round < 12; round += 1) {
    const own = told.filter(({ Actor }) => Actor.Attributes['name'] === `cut${round}`).map(({ Action }) => Action);
    const exists = (await world.sampan('inspect', `cut${round}`)).status === 0;
    if (!exists) expect([[], ['create', 'destroy']]).toContainEqual(own);
    else expect([['create'], ['create', 'start', 'die']]).toContainEqual(own);
  }
  await world.sampan('container', 'prune', '-f');
}, 60_000);

test('who dies at the beginning of a start does not tell of the run before once more', async () => {
  await world.sampan('run', '--name', 'former', world.image, 'true');
  const told = await actions('former');
  const database = new DatabaseSync(join(world.root, 'sampan.db'));
  database.exec(`PRAGMA busy_timeout = 5000;
    UPDATE containers SET owner = '0:0', active = 1, started = 0, ended = 0 WHERE name = 'former'`);
  database.close();
  await world.sampan('inspect', 'former');
  expect(await actions('former')).toEqual(told);
}, 30_000);

test('images are told of, too; times, filters and formats are docker’s', async () => {
  await world.sampan('tag', world.image, 'local/other:1');
  await world.sampan('rmi', 'local/other:1');
  const told = (await past('type=image')).map(({ Action, Actor }) => [Action, Actor.Attributes['name']]);
  expect(told).toEqual([
    ['pull', world.image],
    ['tag', 'local/other:1'],
    ['untag', 'local/other:1'],
  ]);
  expect((await past('event=tag', 'event=untag')).map(({ Action }) => Action)).toEqual(['tag', 'untag']);
  const { stdout } = await world.sampan('events', '--since', '1h', '--until', '0s', '--filter', 'event=tag');
  expect(stdout).toMatch(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z image tag sha256:[0-9a-f]{64} \(name=local\/other:1\)\n$/,
  );
  expect((await world.sampan('events', '--filter', 'shape=round')).status).toBe(2);
  expect((await world.sampan('events', '--since', 'never')).status).toBe(2);
  expect((await world.sampan('events', '--since', '1h', '--until', '50m')).stdout).toBe('');
});

test('stats shows what a busy and an idle container use', async () => {
  await world.sampan('run', '-d', '--name', 'busy', '-m', '64m', world.image, 'sh', '-c', 'while :; do :; done');
  await world.sampan('run', '-d', '--name', 'idle', world.image, 'sleep', '1000');
  await world.sampan('create', '--name', 'off', world.image, 'true');
  const { stdout } = await world.sampan('stats', '--no-stream', '--format', 'json');
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(rows.map(({ Name }) => String(Name)).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['busy', 'idle']);
  const row = (name: string): Record<string, string> => rows.find(({ Name }) => Name === name) ?? {};
  expect(Number.parseFloat(row('busy')['CPUPerc'] ?? '')).toBeGreaterThan(3);
  expect(Number.parseFloat(row('idle')['CPUPerc'] ?? '')).toBeLessThan(1);
  expect(row('busy')['MemUsage']).toMatch(/^[\d.]+(KiB|MiB|B) \/ 64MiB$/);
  expect(row('idle')).toMatchObject({ NetIO: '0B / 0B', PIDs: '1' });
  expect((await world.sampan('stats', '--no-stream', '-a')).stdout).toMatch(
    /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS\n/,
  );
  expect((await world.sampan('stats', '--no-stream', '-a')).stdout).toContain('off');
  expect((await world.sampan('stats', '--no-stream', '--no-trunc', '--format', '{{.ID}}', 'idle')).stdout).toMatch(
    /^[0-9a-f]{64}\n$/,
  );
  expect((await world.sampan('stats', '--no-stream', 'no-such')).status).toBe(3);
  const live = world.spawn(['stats', '--format', '{{.Name}}', 'idle']);
  await sleep(2600);
  live.kill('SIGINT');
  expect(await new Response(live.stdout).text()).toMatch(/^idle\nidle\n/);
  await world.sampan('rm', '-f', 'busy', 'idle', 'off');
}, 60_000);
