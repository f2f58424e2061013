import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '#test/launcher/monitor-fixture.ts';
import { FAST, healthWorld, isGone, isRunning, type HealthWorld } from './health-world.ts';

let here: HealthWorld;
beforeAll(async () => {
  here = await healthWorld();
}, 60_000);
afterAll(() => here[Symbol.asyncDispose]());

test('a check that hangs: killed with its children; holds up neither output, stop nor the end', async () => {
  const { world, ok, inspect } = here;
  const [own, child] = [`sleep ${process.pid}77`, `sleep ${process.pid}78`];
  const script = 'while :; do echo line; sleep 0.05; done';
  await ok(
    'run',
    '-d',
    '--init',
    '--name',
    'hang',
    '--health-interval',
    '50ms',
    '--health-timeout',
    '1500ms',
    '--health-retries',
    '1',
    '--health-cmd',
    `setsid ${child} & ${own}`,
    world.image,
    'sh',
    '-c',
    script,
  );
  await until(() => isRunning(own) && isRunning(child), 30_000);
  const lines = (await ok('logs', 'hang')).length;
  await sleep(300);
  expect((await ok('logs', 'hang')).length).toBeGreaterThan(lines);
  await ok('wait', '--condition', 'unhealthy', 'hang');
  const [first] = (await inspect('hang')).State.Health?.Log ?? [];
  expect([first?.ExitCode, first?.Output]).toEqual([-1, 'Health check exceeded timeout (1.5s)']);
  await until(() => isRunning(own), 30_000);
  await ok('stop', 'hang');
  expect(isRunning(own) || isRunning(child)).toBe(false);
  await ok('rm', 'hang');
  expect(world.leftovers()).toEqual([]);
});

test('on failure: kill, stop', async () => {
  const { world, ok, inspect } = here;
  const script = 'trap "exit 9" TERM; while :; do sleep 0.05; done';
  for (const [action, code] of [
    ['kill', '137'],
    ['stop', '9'],
  ] as const) {
    await ok(
      'run',
      '-d',
      '--name',
      action,
      ...FAST,
      '--health-cmd',
      'false',
      '--health-on-failure',
      action,
      world.image,
      'sh',
      '-c',
      script,
    );
    expect(await ok('wait', action)).toBe(code);
    expect((await inspect(action)).State.Health).toMatchObject({ Status: 'unhealthy', FailingStreak: 2 });
    await ok('rm', action);
  }
});

test('on failure: restart, with the log of the checks kept; stop, whatever the policy says', async () => {
  const { world, ok, inspect, flags } = here;
  const flag = flags('again');
  const script = 'echo run >>/flag/runs; trap "exit 9" TERM; while :; do sleep 0.05; done';
  const action = (word: string): string[] => ['--health-on-failure', word, '--health-cmd', 'test -e /flag/up'];
  const volume = ['-v', `${flag}:/flag`];
  await ok('run', '-d', '--name', 'again', ...volume, ...FAST, ...action('restart'), world.image, 'sh', '-c', script);
  const list = join(flag, 'runs');
  const runs = (): number => (existsSync(list) ? readFileSync(list, 'latin1').split('\n').length - 1 : 0);
  await until(() => runs() >= 3, 60_000);
  expect((await inspect('again')).State.Health?.Log.length).toBeGreaterThanOrEqual(4);
  writeFileSync(join(flag, 'up'), '');
  expect(await ok('wait', '--condition', 'healthy', 'again')).toBe('-1');
  const settled = runs();
  await sleep(400);
  expect([runs(), (await inspect('again')).State.Health?.Status]).toEqual([settled, 'healthy']);
  await ok('stop', 'again');
  expect((await inspect('again')).State.Status).toBe('exited');
  rmSync(join(flag, 'up'));
  await ok(
    'run',
    '-d',
    '--name',
    'last',
    '--restart',
    'always',
    ...volume,
    ...FAST,
    ...action('stop'),
    world.image,
    'sh',
    '-c',
    script,
  );
  expect(await ok('wait', 'last')).toBe('9');
  const ended = runs();
  await sleep(400);
  expect([runs(), (await inspect('last')).State.Status]).toEqual([ended, 'exited']);
  await ok('rm', 'again', 'last');
});

test('the monitor killed during a check: the check goes with it, and the next command leaves nothing', async () => {
  const { world, ok, line, monitorPid } = here;
  const own = `sleep ${process.pid}79`;
  for (let round = 0; round < 5; round += 1) {
    const id = await ok(
      'run',
      '-d',
      '--name',
      'lost',
      '--health-interval',
      '20ms',
      '--health-cmd',
      own,
      world.image,
      'sleep',
      '1000',
    );
    await sleep(round * 15);
    if (round > 2) await until(() => isRunning(own), 30_000);
    const monitor = monitorPid(id);
    process.kill(monitor, 'SIGKILL');
    await until(() => isGone(monitor), 30_000);
    await world.sampan('ps'); // says that it has stopped what was left
    expect(await line('lost')).toContain('Dead (monitor killed)');
    await until(() => !isRunning(own), 30_000);
    await ok('rm', 'lost');
  }
  expect(world.leftovers()).toEqual([]);
});

test('a monitor that checks costs no more than 150 KB', async () => {
  const { world, ok, monitorPid } = here;
  const id = await ok(
    'run',
    '-d',
    '--name',
    'small',
    '--health-interval',
    '700ms',
    '--health-cmd',
    'true',
    world.image,
    'sleep',
    '1000',
  );
  await ok('wait', '--condition', 'healthy', 'small');
  let least = Infinity;
  await until(() => {
    const rollup = readFileSync(`/proc/${monitorPid(id)}/smaps_rollup`, 'latin1');
    least = Math.min(least, Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? Infinity));
    return least < 150;
  }, 30_000);
  await ok('rm', '-f', 'small');
  expect(existsSync(join(world.root, 'containers', id))).toBe(false);
});
