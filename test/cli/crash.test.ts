import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cliWorld, type CliWorld } from './world.ts';

/** Seconds that nobody else's `sleep` has: others run tests on this machine, too. */
const LONG = String(1_000_000 + process.pid);

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

/** Pids of this world's monitors. */
function monitors(): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return lines
    .filter((line) => line.includes(`${world.root}/run/launcher monitor`))
    .map((line) => Number.parseInt(line, 10));
}

function killMonitors(): void {
  for (const pid of monitors()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just gone: the short-lived parent of a monitor is called the same.
    }
  }
  // A kill takes effect a moment later.
  for (let tries = 0; monitors().length > 0 && tries < 50; tries += 1);
}

/** A monitor that nobody has connected to ends after ten seconds. */
async function nothingLeft(): Promise<void> {
  await world.sampan('ps', '-a');
  for (let tries = 0; world.leftovers().length > 0 && tries < 240; tries += 1) await sleep(50);
  await world.sampan('ps', '-a');
  expect(world.leftovers()).toEqual([]);
  expect((await world.sampan('ps', '-aq')).stdout).toBe('');
}

test('two hundred runs leave nothing', async () => {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  for (let round = 0; round < 100; round += 1) {
    const results = await Promise.all([
      world.sampan('run', '--rm', world.image, 'true'),
      world.sampan('run', '--rm', world.image, 'true'),
    ]);
    for (const result of results) expect(result).toMatchObject({ status: 0, stderr: '' });
  }
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(mounts);
  await nothingLeft();
}, 120_000);

test('a command line killed at any moment leaves nothing after the next command', async () => {
  for (let round = 0; round < 20; round += 1) {
    const child = world.spawn(['run', '--rm', world.image, 'sleep', '0.1']);
    await sleep(round * 6);
    child.kill('SIGKILL');
    await child.exited;
  }
  await sleep(300);
  await nothingLeft();
}, 120_000);

test('a monitor killed at any moment leaves nothing, and its container is called dead', async () => {
  for (let round = 0; round < 20; round += 1) {
    const starting = world.sampan('run', '-d', '--name', `m${round}`, world.image, 'sleep', LONG);
    if (round % 2 === 0) await starting;
    for (let tries = 0; monitors().length === 0 && tries < 200; tries += 1) await sleep(1);
    killMonitors();
    await starting;
    const { stdout, stderr } = await world.sampan('ps', '-a');
    if (round % 2 === 0) {
      expect(stdout).toContain('Dead (monitor killed)');
      expect(stderr).toContain(`stopped container m${round}, whose monitor had been killed`);
    }
    expect(monitors()).toEqual([]);
    expect(spawnSync('pgrep', ['-f', `^sleep ${LONG}$`], { encoding: 'utf8' }).stdout).toBe('');
    await world.sampan('rm', '-f', `m${round}`);
  }
  await nothingLeft();
}, 120_000);

test('an attached run whose monitor is killed says so, and leaves nothing with --rm', async () => {
  const running = world.sampan(
    'run',
    '--rm',
    '--name',
    'watched',
    world.image,
    'sh',
    '-c',
    `echo up; exec sleep ${LONG}`,
  );
  for (let tries = 0; (await world.sampan('exec', 'watched', 'true')).status !== 0 && tries < 100; tries += 1)
    await sleep(20);
  killMonitors();
  const { status, stdout, stderr } = await running;
  expect({ status, stdout }).toEqual({ status: 125, stdout: 'up\n' });
  expect(stderr).toContain('monitor');
  expect(world.leftovers()).toEqual([]);
  expect(spawnSync('pgrep', ['-f', `^sleep ${LONG}$`], { encoding: 'utf8' }).stdout).toBe('');
  expect((await world.sampan('ps', '-aq')).stdout).toBe('');
});

test('a dead container starts again', async () => {
  await world.sampan('run', '-d', '--name', 'phoenix', world.image, 'sleep', LONG);
  killMonitors();
  expect((await world.sampan('start', 'phoenix')).status).toBe(0);
  expect((await world.sampan('ps')).stdout).toContain('phoenix');
  await world.sampan('rm', '-f', 'phoenix');
  await nothingLeft();
});

test('a pull killed at any moment leaves a store that the next pull completes', async () => {
  for (let round = 0; round < 10; round += 1) {
    await world.sampan('rmi', '-f', world.image);
    const child = world.spawn(['pull', world.image]);
    await sleep(10 + round * 12);
    child.kill('SIGKILL');
    await child.exited;
    expect(await world.sampan('run', '--rm', world.image, 'echo', 'whole')).toMatchObject({
      status: 0,
      stdout: 'whole\n',
    });
  }
  await nothingLeft();
}, 60_000);
