import { afterAll, beforeAll, expect, test } from 'bun:test';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPAN } from '#tools/places.ts';
import { until } from '#test/launcher/monitor-fixture.ts';
import { FAST, healthWorld, isRunning, type HealthWorld } from './health-world.ts';

let here: HealthWorld;
let checked: string;
beforeAll(async () => {
  here = await healthWorld();
  checked = await here.world.push('checked', '1', {
    Healthcheck: {
      Test: ['CMD-SHELL', 'echo from $0; test -e /flag/up'],
      Interval: 5e7,
      Timeout: 2e10,
      Retries: 2,
    },
  });
  const shell = await here.world.push('shell', '1', {
    Healthcheck: { Test: ['CMD-SHELL', 'echo line'], Interval: 5e7 },
    Shell: ['/bin/echo', 'shell'],
  });
  for (const image of [checked, shell]) await here.ok('pull', '-q', image);
}, 60_000);
afterAll(() => here[Symbol.asyncDispose]());

test("the image's check, as inspect, ps, wait, healthcheck run and events tell it", async () => {
  const { world, ok, inspect, line, flags } = here;
  const flag = flags('tale');
  const id = await ok('run', '-d', '--name', 'tale', '-v', `${flag}:/flag`, checked, 'sleep', '1000');
  expect((await inspect('tale')).Config.Healthcheck).toEqual({
    Test: ['CMD-SHELL', 'echo from $0; test -e /flag/up'],
    Interval: 5e7,
    Timeout: 2e10,
    Retries: 2,
  });
  expect(await ok('wait', '--condition', 'unhealthy', 'tale')).toBe('-1');
  expect(await line('tale')).toContain('(unhealthy)');
  expect(await world.sampan('healthcheck', 'run', 'tale')).toMatchObject({ status: 1, stdout: 'unhealthy\n' });
  writeFileSync(join(flag, 'up'), '');
  expect(await ok('wait', '--condition', 'healthy', 'tale')).toBe('-1');
  expect(await ok('healthcheck', 'run', 'tale')).toBe('');
  expect(await line('tale')).toContain('(healthy)');
  const { Health } = (await inspect('tale')).State;
  expect(Health).toMatchObject({ Status: 'healthy', FailingStreak: 0 });
  const last = Health?.Log.at(-1);
  expect([last?.ExitCode, last?.Output]).toEqual([0, 'from /bin/sh\n']);
  expect(Date.parse(last?.End ?? '')).toBeGreaterThanOrEqual(Date.parse(last?.Start ?? ''));
  expect(Date.now() - Date.parse(last?.Start ?? '')).toBeLessThan(60_000);
  const listed = async (health: string): Promise<string> =>
    ok('ps', '--filter', `health=${health}`, '--filter', 'name=tale', '--format', '{{.Names}}');
  expect([await listed('healthy'), await listed('unhealthy'), await listed('none')]).toEqual(['tale', '', '']);
  await ok('kill', 'tale');
  expect((await inspect('tale')).State.Health?.Status).toBe('unhealthy');
  expect(await line('tale')).toContain('Exited (137)');
  const told = await ok(
    'events',
    '--since',
    '1h',
    '--until',
    '0s',
    '--filter',
    `container=${id}`,
    '--format',
    '{{.Action}}',
  );
  const health = told.split('\n').filter((action) => action.startsWith('health_status'));
  expect(health).toEqual(['health_status: unhealthy', 'health_status: healthy']);
  expect(told.split('\n').indexOf('health_status: healthy')).toBeLessThan(told.split('\n').indexOf('die'));
  expect((await world.sampan('healthcheck', 'run', 'tale')).status).toBe(5);
  await ok('start', 'tale');
  expect(await ok('wait', '--condition', 'healthy', 'tale')).toBe('-1');
  await ok('rm', '-f', 'tale');
});

test('options over the image, one by one; none at all; what commit keeps', async () => {
  const { world, ok, inspect, line } = here;
  await ok('create', '--name', 'over', '--health-interval', '1m30s', '--health-start-interval', '2ms', checked);
  expect((await inspect('over')).Config.Healthcheck).toMatchObject({
    Test: ['CMD-SHELL', 'echo from $0; test -e /flag/up'],
    Interval: 9e10,
    StartInterval: 2e6,
    Retries: 2,
  });
  expect((await inspect('over')).State.Health).toBeUndefined();
  await ok('commit', 'over', 'kept:1');
  const kept = JSON.parse(await ok('image', 'inspect', 'kept:1')) as [{ Config: { Healthcheck: object } }];
  expect(kept[0].Config.Healthcheck).toMatchObject({ Interval: 9e10, Timeout: 2e10, Retries: 2 });
  await ok('run', '-d', '--name', 'none', '--no-healthcheck', checked, 'sleep', '1000');
  const none = await inspect('none');
  expect([none.Config.Healthcheck?.['Test'], none.State.Health]).toEqual([['NONE'], undefined]);
  expect(await line('none')).not.toContain('health');
  expect(await ok('ps', '--filter', 'health=none', '--format', '{{.Names}}')).toBe('none');
  for (const args of [
    ['healthcheck', 'run', 'none'],
    ['wait', '--condition', 'healthy', 'none'],
  ]) {
    const { status, stderr } = await world.call(args);
    expect([status, stderr]).toEqual([2, expect.stringContaining('it has no health check')]);
  }
  await ok('rm', '-f', 'over', 'none');
  await ok('rmi', 'kept:1');
});

test('the check runs as the container does: user, directory, environment, rights', async () => {
  const { world, ok, inspect } = here;
  const command = 'id -u; pwd; echo $A; grep CapEff /proc/self/status; exec 2>&1; ls /no/such';
  await ok(
    'run',
    '-d',
    '--name',
    'as',
    '-u',
    '7:8',
    '-w',
    '/tmp',
    '-e',
    'A=b',
    ...FAST,
    '--health-cmd',
    command,
    world.image,
    'sleep',
    '1000',
  );
  await ok('wait', '--condition', 'unhealthy', 'as');
  const output = (await inspect('as')).State.Health?.Log.at(-1)?.Output ?? '';
  expect(output).toStartWith('7\n/tmp\nb\nCapEff:\t0000000000000000\nls: /no/such');
  await ok('rm', '-f', 'as');
});

test('an argument vector; a program that is not there', async () => {
  const { world, ok, inspect } = here;
  await ok(
    'run',
    '-d',
    '--name',
    'vector',
    ...FAST,
    '--health-cmd',
    '["echo","a b","$A"]',
    world.image,
    'sleep',
    '1000',
  );
  await ok('wait', '--condition', 'healthy', 'vector');
  expect((await inspect('vector')).State.Health?.Log[0]).toMatchObject({ ExitCode: 0, Output: 'a b $A\n' });
  await ok('run', '-d', '--name', 'missing', ...FAST, '--health-cmd', '["/no/such"]', world.image, 'sleep', '1000');
  await ok('wait', '--condition', 'unhealthy', 'missing');
  const [first] = (await inspect('missing')).State.Health?.Log ?? [];
  expect([first?.ExitCode, first?.Output]).toEqual([-1, 'the check could not be run: /no/such ENOENT']);
  await ok('rm', '-f', 'vector', 'missing');
});

test("a line is run by the image's own shell", async () => {
  const { world, ok, inspect } = here;
  const image = world.image.replace('busybox', 'shell');
  await ok('run', '-d', '--name', 'shelled', image, 'sleep', '1000');
  await ok('wait', '--condition', 'healthy', 'shelled');
  expect((await inspect('shelled')).State.Health?.Log[0]?.Output).toBe('shell echo line\n');
  await ok('rm', '-f', 'shelled');
});

test('what is refused', async () => {
  const { world } = here;
  const cases: [string[], string][] = [
    [['--health-interval', '-5s'], 'cannot be negative'],
    [['--health-interval', 'soon'], 'is not a length of time'],
    [['--health-timeout', '0.5ms'], 'less than a millisecond'],
    [['--health-retries', '-1'], 'cannot be negative'],
    [['--health-retries', 'x'], 'not a whole number'],
    [['--health-on-failure', 'explode'], 'is none of none, kill, restart, stop'],
    [['--no-healthcheck', '--health-cmd', 'true'], 'conflicts with --health-* options'],
  ];
  for (const [options, words] of cases) {
    const { status, stderr } = await world.sampan('create', ...options, world.image);
    expect([options, status, stderr]).toEqual([options, 125, expect.stringContaining(words)]);
  }
  expect((await world.sampan('healthcheck', 'run', 'nobody')).status).toBe(3);
});

test('no TypeScript is involved: the executable is gone, and checks go on', async () => {
  const { world, ok, flags } = here;
  const copy = join(world.root, 'sampan-copy');
  copyFileSync(SAMPAN, copy);
  const flag = flags('alone');
  const args = ['--root', world.root, 'run', '-d', '--name', 'alone', '-v', `${flag}:/flag`, ...FAST];
  const run = Bun.spawn([copy, ...args, '--health-cmd', 'test -e /flag/up', world.image, 'sleep', '1000'], {
    stdout: 'pipe',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: world.root },
  });
  const id = (await new Response(run.stdout).text()).trim();
  expect(await run.exited).toBe(0);
  rmSync(copy);
  const health = join(world.root, 'containers', id, 'health');
  await until(() => readFileSync(health, 'latin1').startsWith('status=unhealthy'), 30_000);
  writeFileSync(join(flag, 'up'), '');
  await until(() => readFileSync(health, 'latin1') === 'status=healthy\nstreak=0\n', 30_000);
  await ok('rm', '-f', 'alone');
});

test('a paused container is not asked, and not blamed', async () => {
  const { world, ok, inspect, line, flags } = here;
  const flag = flags('held');
  await ok(
    'run',
    '-d',
    '--name',
    'held',
    '-v',
    `${flag}:/flag`,
    ...FAST,
    '--health-timeout',
    '20s',
    '--health-cmd',
    'date >>/flag/asked',
    world.image,
    'sleep',
    '1000',
  );
  await ok('wait', '--condition', 'healthy', 'held');
  await ok('pause', 'held');
  const before = readFileSync(join(flag, 'asked'), 'latin1');
  const paused = await line('held');
  expect([paused.includes('(Paused)'), paused.includes('healthy')]).toEqual([true, false]);
  expect((await world.sampan('healthcheck', 'run', 'held')).stderr).toContain('it is paused');
  await sleep(500);
  expect(readFileSync(join(flag, 'asked'), 'latin1')).toBe(before);
  expect((await inspect('held')).State.Health?.Status).toBe('healthy');
  await ok('unpause', 'held');
  await until(() => readFileSync(join(flag, 'asked'), 'latin1') !== before, 30_000);
  await ok('rm', '-f', 'held');
});

test('a check that is held with its container has its time once more', async () => {
  const { world, ok, inspect } = here;
  const own = `sleep 0.${process.pid}`;
  const check = `${own}; ${own}; echo through`;
  const times = ['--health-interval', '50ms', '--health-timeout', '2s'];
  await ok('run', '-d', '--name', 'frozen', ...times, '--health-cmd', check, world.image, 'sleep', '1000');
  await until(() => isRunning(own), 30_000);
  await ok('pause', 'frozen');
  const before = (await inspect('frozen')).State.Health?.Log.length ?? 0;
  await sleep(3500);
  expect((await inspect('frozen')).State.Health?.Log.length).toBe(before);
  await ok('unpause', 'frozen');
  await ok('wait', '--condition', 'healthy', 'frozen');
  expect((await inspect('frozen')).State.Health?.Log.map(({ Output }) => Output)).not.toContain(
    'Health check exceeded timeout (2s)',
  );
  await ok('rm', '-f', 'frozen');
});
