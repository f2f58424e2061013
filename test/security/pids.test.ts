import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { attackWorld, type AttackWorld } from './attack.ts';

/** A process of the host whose pid a container's record is made to name. */
let bystander: ChildProcess;
const isAlive = (): boolean => bystander.exitCode === null && bystander.signalCode === null;

beforeAll(() => {
  bystander = spawn('sleep', ['1000'], { stdio: 'ignore' });
});
afterAll(() => void bystander.kill());

describe('a recorded pid that now is another process is neither signalled nor joined: of a bundle', () => {
  let world: AttackWorld;
  let pidFile: string;
  let recorded: string;
  beforeAll(() => {
    world = attackWorld();
    world.configure(['sleep', '1000']);
    expect(world.oci('run', '--detach', 'reused')).toMatchObject({ status: 0 });
    pidFile = join(world.directory, 'state/reused/pid');
    recorded = readFileSync(pidFile, 'utf8');
  });
  beforeEach(() => writeFileSync(pidFile, `${bystander.pid} ${recorded.trim().split(' ')[1]}\n`));
  afterAll(() => {
    writeFileSync(pidFile, recorded);
    world[Symbol.dispose]();
    expect(isAlive()).toBe(true);
  });

  test('kill', () => {
    expect(world.oci('kill', 'reused', 'KILL').status).not.toBe(0);
    expect(isAlive()).toBe(true);
  });

  test('exec', () => {
    const { status, stdout } = world.oci('exec', 'reused', 'sh', '-c', 'echo joined');
    expect({ joined: stdout, refused: status !== 0 }).toEqual({ joined: '', refused: true });
  });

  test('state says that it has stopped', () => {
    expect(JSON.parse(world.oci('state', 'reused').stdout)).toMatchObject({ status: 'stopped', pid: 0 });
  });

  test('odd contents are no process', () => {
    for (const text of ['', '0 0', '-1 5', '1', 'x y', `${bystander.pid}`, `${bystander.pid} x`, '99999999 1']) {
      writeFileSync(pidFile, text);
      world.oci('kill', 'reused', 'KILL');
      expect(isAlive()).toBe(true);
    }
  });

  test('delete --force takes the container, not the process', () => {
    expect(world.oci('delete', '--force', 'reused').status).toBe(0);
    expect(isAlive()).toBe(true);
    expect(world.leftovers()).toEqual([]);
    world.configure(['sleep', '1000']);
    world.oci('run', '--detach', 'reused');
    recorded = readFileSync(pidFile, 'utf8');
  });
});

describe('of the engine', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await cliWorld();
    expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
  }, 60_000);
  afterAll(() => world[Symbol.asyncDispose]());

  test('exec does not join it; stop and kill reach the container alone', async () => {
    const id = (await world.sampan('run', '-d', '--name', 'reused', world.image, 'sleep', '1000')).stdout.trim();
    const file = join(world.root, 'containers', id, 'pid');
    writeFileSync(file, `${bystander.pid} ${readFileSync(file, 'utf8').trim().split(' ')[1]}\n`);
    for (const user of [[], ['-u', 'app']]) {
      const { status, stdout } = await world.sampan('exec', ...user, 'reused', 'sh', '-c', 'echo joined');
      expect({ joined: stdout, refused: status !== 0 }).toEqual({ joined: '', refused: true });
    }
    expect((await world.sampan('kill', 'reused')).status).toBe(0);
    expect((await world.sampan('rm', '-f', 'reused')).status).toBe(0);
    expect(isAlive()).toBe(true);
    expect((await world.sampan('ps', '-aq')).stdout).toBe('');
  });
});
