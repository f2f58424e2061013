import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '#test/launcher/monitor-fixture.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let id = '';
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
  id = (await world.sampan('run', '-d', '--name', 'busy', world.image, 'sleep', '1000')).stdout.trim();
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

interface Told {
  Action: string;
  timeNano: number;
  Actor: { Attributes: Record<string, string> };
}
const past = async (container: string): Promise<Told[]> => {
  const filters = ['--format', 'json', '--filter', `container=${container}`];
  const { stdout } = await world.sampan('events', '--since', '1h', '--until', '0s', ...filters);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Told);
};
const ofExec = async (command: string): Promise<(string | undefined)[][]> => {
  const told = await past('busy');
  const execID = told.find(({ Action }) => Action === `exec_create: ${command}`)?.Actor.Attributes['execID'];
  return told
    .filter(({ Actor }) => execID !== undefined && Actor.Attributes['execID'] === execID)
    .map(({ Action, Actor }) => [Action, Actor.Attributes['exitCode']]);
};
const execFiles = (): string[] =>
  readdirSync(join(world.root, 'containers', id)).filter((name) => name.startsWith('exec.'));

test('exec: made, started and ended, with its exit status', async () => {
  expect((await world.sampan('exec', 'busy', 'sh', '-c', 'exit 7')).status).toBe(7);
  expect(await ofExec('sh -c exit 7')).toEqual([
    ['exec_create: sh -c exit 7', undefined],
    ['exec_start: sh -c exit 7', undefined],
    ['exec_die', '7'],
  ]);
  expect((await world.sampan('exec', 'busy', '/no/such')).status).toBe(127);
  expect((await ofExec('/no/such')).map(([action]) => action)).not.toContain('exec_die');
});

test('a detached one says how it ended when nobody has waited for it', async () => {
  const began = Date.now();
  expect(await world.sampan('exec', '-d', 'busy', 'sh', '-c', 'sleep 0.3; exit 9')).toMatchObject({
    status: 0,
    stdout: '',
    stderr: '',
  });
  expect((await ofExec('sh -c sleep 0.3; exit 9')).length).toBeGreaterThanOrEqual(2);
  const [file = ''] = execFiles();
  await until(() => !execFiles().includes(file) || readFileSync(join(world.root, 'containers', id, file)).length > 0);
  expect((await ofExec('sh -c sleep 0.3; exit 9')).at(-1)).toEqual(['exec_die', '9']);
  expect(execFiles()).toEqual([]);
  const die = (await past('busy')).findLast(({ Action }) => Action === 'exec_die');
  const after = Number(die?.timeNano) / 1e6 - began;
  expect(after).toBeGreaterThan(250);
  expect(Number(die?.timeNano) / 1e6).toBeLessThanOrEqual(Date.now());
  // Told once, however often it is looked at.
  expect((await ofExec('sh -c sleep 0.3; exit 9')).filter(([action]) => action === 'exec_die')).toHaveLength(1);
});

test('a follower is told of it live', async () => {
  const follower = world.spawn(['events', '--format', '{{.Action}}', '--filter', 'event=exec_die']);
  await Bun.sleep(700);
  await world.sampan('exec', '-d', 'busy', 'sleep', '0.2');
  const reader = follower.stdout.getReader();
  const { value } = await reader.read();
  expect(Buffer.from(value ?? []).toString()).toBe('exec_die\n');
  follower.kill('SIGINT');
  await follower.exited;
});

test('a detached one that cannot be started: 127, and nothing stays', async () => {
  expect((await world.sampan('exec', '-d', 'busy', '/no/such')).status).toBe(127);
  expect(execFiles()).toEqual([]);
  expect((await past('busy')).filter(({ Action }) => Action.startsWith('exec_die')).length).toBe(3);
});

test('who keeps a detached one has a session of its own, and goes with the container', async () => {
  const { stdout } = await world.sampan('run', '-d', '--name', 'short', world.image, 'sleep', '1000');
  const command = `sleep ${process.pid}55`;
  await world.sampan('exec', '-d', 'short', ...command.split(' '));
  const pid = Number(Bun.spawnSync(['pgrep', '-fx', command]).stdout.toString());
  const fields = (of: number): string[] => readFileSync(`/proc/${of}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  const keeper = Number(fields(pid)[1]);
  expect(fields(keeper)[3]).toBe(String(keeper));
  await world.sampan('rm', '-f', 'short');
  const isThere = (): boolean => Bun.spawnSync(['pgrep', '-fx', command]).exitCode === 0;
  await until(() => !isThere());
  const told = (await past(stdout.trim())).map(({ Action }) => Action);
  expect([told.includes('die'), told.includes('destroy')]).toEqual([true, true]);
  await until(() => !world.leftovers().some((line) => line.includes(stdout.trim())));
});

test('attach, top, copies, export and commit are told', async () => {
  await world.sampan('run', '-d', '--name', 'talk', world.image, 'sleep', '1');
  expect((await world.sampan('top', 'talk')).status).toBe(0);
  expect((await world.sampan('attach', 'talk')).status).toBe(0);
  writeFileSync(join(world.root, 'file'), 'x');
  for (const args of [
    ['cp', join(world.root, 'file'), 'talk:/tmp/file'],
    ['cp', 'talk:/tmp/file', join(world.root, 'back')],
    ['export', '-o', join(world.root, 'tree.tar'), 'talk'],
    ['commit', '-m', 'why', 'talk', 'kept:2'],
  ])
    expect(await world.call(args)).toMatchObject({ status: 0 });
  const told = await past('talk');
  const end = ['extract-to-dir', 'archive-path', 'export', 'commit'];
  expect(told.map(({ Action }) => Action)).toEqual(['create', 'start', 'top', 'attach', 'die', ...end]);
  expect(told.at(-1)?.Actor.Attributes).toMatchObject({ comment: 'why', imageRef: 'kept:2' });
});
