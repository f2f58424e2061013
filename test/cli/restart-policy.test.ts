import { afterAll, beforeAll, expect, test } from 'bun:test';
import { linkSync, copyFileSync, mkdtempSync, rmSync, writeFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { eventually, inspectContainer, type Inspected } from './restart-world.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const inspect = (name: string): Promise<Inspected> => inspectContainer(world, name);
const status = async (name: string): Promise<string> => (await inspect(name)).State.Status;
const events = async (name: string, ...more: string[]): Promise<string[]> =>
  (
    await world.sampan(
      'events',
      '--since',
      '0',
      '--until',
      '0s',
      '-f',
      `container=${name}`,
      '--format',
      '{{.Action}}',
      ...more,
    )
  ).stdout
    .split('\n')
    .filter(Boolean);
/** Waits until it has been started anew so often, and is between two runs. */
const between = (name: string, count: number): Promise<void> =>
  eventually(async () => {
    const { RestartCount, State } = await inspect(name);
    return RestartCount >= count && State.Status === 'restarting';
  });

test('on-failure: so many runs more, all on one log and one tree, each told of once', async () => {
  const script = 'echo x >>/runs; echo run $(wc -l </runs); exit 3';
  const run = await world.sampan(
    'run',
    '-d',
    '--name',
    'thrice',
    '--restart',
    'on-failure:2',
    world.image,
    'sh',
    '-c',
    script,
  );
  expect(run.status).toBe(0);
  // Whoever looks brings the journal in; all at once must not bring it in twice.
  await eventually(async () => {
    await Promise.all([world.sampan('ps'), world.sampan('ps', '-a'), world.sampan('inspect', 'thrice')]);
    return (await status('thrice')) === 'exited';
  });
  expect((await world.sampan('logs', 'thrice')).stdout).toBe('run 1\nrun 2\nrun 3\n');
  expect(await events('thrice')).toEqual(['create', 'start', 'die', 'start', 'die', 'start', 'die']);
  const { RestartCount, State, HostConfig } = await inspect('thrice');
  expect(RestartCount).toBe(2);
  expect(State).toMatchObject({ ExitCode: 3, Restarting: false, Running: false, Pid: 0 });
  expect(HostConfig.RestartPolicy).toEqual({ Name: 'on-failure', MaximumRetryCount: 2 });
  // Started by hand it counts anew.
  expect(await world.sampan('start', 'thrice')).toMatchObject({ status: 0 });
  await eventually(async () => (await status('thrice')) === 'exited');
  expect((await inspect('thrice')).RestartCount).toBe(2);
  expect((await world.sampan('logs', '--tail', '1', 'thrice')).stdout).toBe('run 6\n');
  expect(await world.sampan('rm', 'thrice')).toMatchObject({ status: 0 });
});

test('a success ends on-failure; without a policy nothing starts again', async () => {
  await world.sampan('run', '-d', '--name', 'well', '--restart', 'on-failure', world.image, 'true');
  await world.sampan('run', '-d', '--name', 'plain', world.image, 'false');
  await eventually(async () => (await status('well')) === 'exited' && (await status('plain')) === 'exited');
  expect((await inspect('well')).RestartCount).toBe(0);
  expect((await inspect('plain')).HostConfig.RestartPolicy).toEqual({ Name: 'no', MaximumRetryCount: 0 });
  await world.sampan('rm', 'well', 'plain');
});

test('between two runs every command has a sensible answer, and stop is the end', async () => {
  await world.sampan('run', '-d', '--name', 'loop', '--restart', 'always', world.image, 'sh', '-c', 'exit 1');
  await between('loop', 5);
  expect((await world.sampan('ps')).stdout).toMatch(/Restarting \(1\) .* ago +loop/);
  expect((await inspect('loop')).State).toMatchObject({ Restarting: true, Running: true, Pid: 0, ExitCode: 1 });
  await between('loop', 6);
  for (const args of [
    ['exec', 'loop', 'true'],
    ['pause', 'loop'],
    ['attach', 'loop'],
  ]) {
    const { status: code, stderr } = await world.sampan(...args);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('is restarting, wait until it is running')]);
  }
  expect(await world.sampan('rm', 'loop')).toMatchObject({
    status: 5,
    stderr: expect.stringContaining('is restarting'),
  });
  expect(await world.sampan('start', 'loop')).toMatchObject({ status: 0, stdout: 'loop\n' });
  expect((await world.sampan('stats', '--no-stream')).status).toBe(0);
  expect(await status('loop')).toBe('restarting');
  const waiting = world.sampan('wait', 'loop');
  expect(await world.sampan('stop', 'loop')).toMatchObject({ status: 0, stdout: 'loop\n', stderr: '' });
  expect(await waiting).toMatchObject({ status: 0, stdout: '1\n' });
  const { State, RestartCount } = await inspect('loop');
  expect(State).toMatchObject({ Status: 'exited', Restarting: false, ExitCode: 1 });
  expect((await world.sampan('ps')).stdout).not.toContain('loop');
  await Bun.sleep(300);
  expect((await inspect('loop')).RestartCount).toBe(RestartCount);
  await world.sampan('rm', 'loop');
  expect(world.leftovers()).toEqual([]);
}, 120_000);

test('who is stopped or killed by hand stays down; another signal changes nothing', async () => {
  const start = (name: string): Promise<unknown> =>
    world.sampan(
      'run',
      '-d',
      '--name',
      name,
      '--restart',
      'unless-stopped',
      world.image,
      'sh',
      '-c',
      'trap "exit 4" TERM USR1; while :; do sleep 0.05; done',
    );
  await Promise.all(['stopped', 'killed', 'termed', 'poked'].map(start));
  await world.sampan('stop', 'stopped');
  await world.sampan('kill', 'killed');
  await world.sampan('kill', '-s', 'TERM', 'termed');
  await world.sampan('kill', '-s', 'USR1', 'poked');
  await eventually(async () => (await inspect('poked')).RestartCount === 1 && (await status('poked')) === 'running');
  await eventually(async () => (await status('termed')) === 'exited');
  const ends = await Promise.all(['stopped', 'killed', 'termed'].map(inspect));
  expect(ends.map(({ State, RestartCount }) => [State.Status, State.ExitCode, RestartCount])).toEqual([
    ['exited', 4, 0],
    ['exited', 137, 0],
    ['exited', 4, 0],
  ]);
  expect(await world.sampan('restart', 'poked')).toMatchObject({ status: 0 });
  expect(await inspect('poked')).toMatchObject({ RestartCount: 0, State: { Status: 'running' } });
  expect(await world.sampan('rm', '-f', 'stopped', 'killed', 'termed', 'poked')).toMatchObject({ status: 0 });
  expect(world.leftovers()).toEqual([]);
}, 60_000);

test('run in the foreground, wait and attach end with the run they saw; logs -f goes on to the last', async () => {
  const script = 'echo x >>/runs; echo run $(wc -l </runs); [ $(wc -l </runs) = 3 ] && exit 0; exit 6';
  const run = await world.sampan('run', '--name', 'seen', '--restart', 'on-failure', world.image, 'sh', '-c', script);
  expect(run).toMatchObject({ status: 6, stdout: 'run 1\n' });
  expect((await world.sampan('logs', '-f', 'seen')).stdout).toBe('run 1\nrun 2\nrun 3\n');
  expect(await world.sampan('wait', 'seen')).toMatchObject({ stdout: '0\n' });
  await world.sampan('rm', 'seen');
});

test('a terminal and an open input are there for each run', async () => {
  const script = 'tty; read line; echo got $line; exit 1';
  await world.sampan('run', '-dit', '--name', 'typed', '--restart', 'on-failure:1', world.image, 'sh', '-c', script);
  for (const text of ['one', 'two']) {
    await eventually(async () => (await status('typed')) === 'running');
    await world.call(['attach', '--sig-proxy=false', 'typed'], { input: `${text}\n` });
    await eventually(async () => (await world.sampan('logs', 'typed')).stdout.includes(`got ${text}`));
  }
  await eventually(async () => (await status('typed')) === 'exited');
  expect((await world.sampan('logs', 'typed')).stdout.match(/\/dev\/pts\/0/g)).toHaveLength(2);
  await world.sampan('rm', 'typed');
});

test('a restart needs nothing of ours but the launcher', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-gone-'));
  const copy = join(directory, 'sampan');
  try {
    linkSync(SAMPAN, copy);
  } catch {
    copyFileSync(SAMPAN, copy);
  }
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SAMPAN_ROOT: world.root };
  const args = [
    'run',
    '-d',
    '--name',
    'orphan',
    '--restart',
    'always',
    world.image,
    'sh',
    '-c',
    'echo run; sleep 0.3; exit 1',
  ];
  expect(await Bun.spawn([copy, ...args], { env, stdout: 'ignore' }).exited).toBe(0);
  rmSync(directory, { recursive: true });
  await eventually(async () => (await world.sampan('logs', 'orphan')).stdout.startsWith('run\nrun\nrun\n'));
  await world.sampan('rm', '-f', 'orphan');
});

test('update gives a container that is up another policy at once', async () => {
  await world.sampan('run', '-d', '--name', 'changed', world.image, 'sleep', '1000');
  expect(await world.sampan('update', '--restart', 'always', 'changed')).toMatchObject({ status: 0, stderr: '' });
  const { State, HostConfig } = await inspect('changed');
  expect(HostConfig.RestartPolicy).toEqual({ Name: 'always', MaximumRetryCount: 0 });
  process.kill(State.Pid, 'SIGKILL');
  await eventually(
    async () => (await inspect('changed')).RestartCount === 1 && (await status('changed')) === 'running',
  );
  expect(await world.sampan('update', '--restart=no', '-m', '64m', 'changed')).toMatchObject({ status: 0 });
  process.kill((await inspect('changed')).State.Pid, 'SIGKILL');
  await eventually(async () => (await status('changed')) === 'exited');
  expect(await inspect('changed')).toMatchObject({ RestartCount: 1, HostConfig: { RestartPolicy: { Name: 'no' } } });
  await world.sampan('rm', 'changed');
  await world.sampan('run', '-d', '--rm', '--name', 'brief', world.image, 'sleep', '1000');
  expect(await world.sampan('update', '--restart', 'always', 'brief')).toMatchObject({
    stderr: expect.stringContaining('Restart policy cannot be updated because AutoRemove is enabled'),
  });
  await world.sampan('rm', '-f', 'brief');
});

test('limits that were changed hold for the runs that follow', async () => {
  const limit = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null';
  const limits = async (): Promise<number[]> =>
    (await world.sampan('logs', 'lean')).stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => Number(line) / 2 ** 20);
  await world.sampan('run', '-d', '--name', 'lean', '-m', '64m', world.image, 'sh', '-c', `${limit}; sleep 1000`);
  await eventually(async () => (await limits()).length === 1);
  expect(await world.sampan('update', '-m', '80m', 'lean')).toMatchObject({ status: 0, stderr: '' });
  for (const [run, args] of [
    ['--restart', 'always'],
    ['-m', '96m'],
  ].entries()) {
    expect(await world.sampan('update', ...args, 'lean')).toMatchObject({ status: 0, stderr: '' });
    process.kill((await inspect('lean')).State.Pid, 'SIGKILL');
    await eventually(async () => (await limits()).length === run + 2);
  }
  expect(await limits()).toEqual([64, 80, 96]);
  await world.sampan('rm', '-f', 'lean');
});

test('one that cannot be started any more has ended, and says why', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-bound-'));
  const source = join(directory, 'source');
  writeFileSync(source, 'x');
  await world.sampan(
    'run',
    '-d',
    '--name',
    'lost',
    '--restart',
    'always',
    '--mount',
    `type=bind,src=${source},dst=/x`,
    world.image,
    'sh',
    '-c',
    'sleep 0.3; exit 1',
  );
  renameSync(source, `${source}.away`);
  await eventually(async () => (await status('lost')) === 'exited');
  const { State } = await inspect('lost');
  expect(State).toMatchObject({ Restarting: false, Running: false });
  expect(State.ExitCode).toBeGreaterThanOrEqual(125);
  renameSync(`${source}.away`, source);
  expect(await world.sampan('start', 'lost')).toMatchObject({ status: 0 });
  await world.sampan('rm', '-f', 'lost');
  rmSync(directory, { recursive: true });
});

test('what makes no sense is refused by name', async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { status: code, stderr } = await world.sampan('create', ...args, world.image);
    expect(code).toBe(125);
    return stderr;
  };
  expect(await refused('--rm', '--restart', 'always')).toContain('cannot specify both --restart and --rm');
  expect(await refused('--restart', 'often')).toContain("unknown policy 'often'");
  expect(await refused('--restart', 'on-failure:x')).toContain('maximum retry count must be an integer');
  expect(await refused('--restart', 'on-failure:-1')).toContain('cannot be negative');
  expect(await refused('--restart', 'always:3')).toContain('cannot be used with restart policy');
  const { stdout } = await world.sampan('create', '--rm', '--restart', 'no', world.image);
  expect((await world.sampan('rm', stdout.trim())).status).toBe(0);
});
