import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTime } from '#base/process-identity.ts';
import { eventually, inspectContainer } from './restart-world.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

/** A campaign gives more. */
const ROUNDS = Number(process.env['ROUNDS'] ?? 8);
const LOOP = ['sh', '-c', 'echo run; sleep 0.05; exit 3'];

const inspect = (name: string) => inspectContainer(world, name);
const actions = async (name: string): Promise<string[]> =>
  (
    await world.sampan('events', '--since', '0', '--until', '0s', '-f', `container=${name}`, '--format', '{{.Action}}')
  ).stdout
    .split('\n')
    .filter((line) => line === 'start' || line === 'die');
const directoryOf = (id: string): string => join(world.root, 'containers', id);
/** Pid of the monitor of a container. */
const monitorOf = (id: string): number => Number(readFileSync(join(directoryOf(id), 'lock'), 'latin1').split(' ')[0]);
const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has gone by itself
  }
};

test('kill -9 of the monitor at any moment: one truthful end, nothing left, and it starts again', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const name = `widow${round}`;
    const { stdout } = await world.sampan('run', '-d', '--name', name, '--restart', 'always', world.image, ...LOOP);
    const id = stdout.trim();
    await Bun.sleep(Math.random() * 700);
    const monitor = monitorOf(id);
    kill(monitor);
    await eventually(() => Promise.resolve(startTime(monitor) === undefined));
    // Who looks puts it right.
    const { State, RestartCount } = await inspect(name);
    expect(['dead', 'exited']).toContain(State.Status);
    expect(State).toMatchObject({ Restarting: false, Running: false, Pid: 0 });
    expect(State.ExitCode).toBe(State.Status === 'dead' ? 137 : 3);
    expect(readdirSync(directoryOf(id))).not.toContain('attach.sock.new');
    const seen = await actions(name);
    const starts = seen.filter((action) => action === 'start').length;
    expect(seen).toEqual(Array.from({ length: 2 * starts }, (_, at) => (at % 2 === 0 ? 'start' : 'die')));
    expect(starts - 1).toBeLessThanOrEqual(RestartCount);
    expect(await world.sampan('start', name)).toMatchObject({ status: 0 });
    expect((await inspect(name)).RestartCount).toBeLessThanOrEqual(RestartCount + 5);
    await eventually(async () => (await inspect(name)).RestartCount >= 1);
    expect(await world.sampan('rm', '-f', name)).toMatchObject({ status: 0 });
  }
  expect(world.leftovers()).toEqual([]);
}, 120_000);

test('commands killed at any moment of its restarts leave it going or ended, as they say', async () => {
  const commands = [
    ['stop', 'loop'],
    ['restart', 'loop'],
    ['update', '--restart', 'always', 'loop'],
    ['kill', 'loop'],
  ];
  for (let round = 0; round < ROUNDS; round += 1) {
    await world.sampan('run', '-d', '--name', 'loop', '--restart', 'always', world.image, ...LOOP);
    await Bun.sleep(Math.random() * 500);
    const child = world.spawn(commands[round % commands.length] ?? []);
    await Bun.sleep(Math.random() * 60);
    child.kill('SIGKILL');
    await child.exited;
    const { State } = await inspect('loop');
    expect(['running', 'restarting', 'exited']).toContain(State.Status);
    expect(await world.sampan('stop', 'loop')).toMatchObject({ status: 0 });
    expect((await inspect('loop')).State.Status).toBe('exited');
    expect(await world.sampan('rm', 'loop')).toMatchObject({ status: 0 });
  }
  expect(world.leftovers()).toEqual([]);
}, 120_000);

test('rm -f, at any moment of its restarts, leaves nothing', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    await world.sampan('run', '-d', '--name', 'gone', '--restart', 'always', world.image, ...LOOP);
    await Bun.sleep(Math.random() * 600);
    expect(await world.sampan('rm', '-f', 'gone')).toMatchObject({ status: 0, stderr: '' });
    expect(world.leftovers()).toEqual([]);
  }
}, 120_000);

test('stop, at any moment of its restarts, is the end of them', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { stdout } = await world.sampan('run', '-d', '--name', 'halt', '--restart', 'always', world.image, ...LOOP);
    await Bun.sleep(Math.random() * 600);
    expect(await world.sampan('stop', 'halt')).toMatchObject({ status: 0 });
    expect((await inspect('halt')).State).toMatchObject({ Status: 'exited', Restarting: false });
    const text = (): string => readFileSync(join(directoryOf(stdout.trim()), 'journal'), 'latin1');
    const last = text();
    await Bun.sleep(250);
    expect(text()).toBe(last);
    await world.sampan('rm', 'halt');
  }
}, 120_000);
