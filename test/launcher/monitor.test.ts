import { afterEach, beforeEach, describe, expect, test } from 'bun:test';

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { parseReport } from '#kernel/report.ts';
import { BUILDS } from './harness.ts';
import { Container, FROM, shellPlan, TO, until } from './monitor-fixture.ts';

const MEMORY = '/sys/fs/cgroup/memory';
const PIDS = '/sys/fs/cgroup/pids';
let groups = 0;

describe.each(BUILDS.map((path) => [path]))('monitor (%s)', (launcher) => {
  let container: Container;
  beforeEach(() => {
    container = new Container(launcher);
  });
  afterEach(() => container.remove());

  test('starts a container, keeps its log and writes its exit status', async () => {
    const before = Date.now() * 1e6;
    const started = await container.start(shellPlan('echo out; echo err >&2; sleep 0.2; exit 7'));
    expect(started.code).toBe(0);
    expect(started.records.map((record) => record.kind)).toEqual(['pid']);
    expect(started.records[0]?.value).toBe(container.pid());
    expect(container.locked()).toBe(true);
    expect(existsSync(container.path('exit'))).toBe(false);
    await container.ended();
    const { code, signal, oom, started: from, finished, ...rest } = container.exit();
    expect({ code, signal, oom, rest }).toEqual({ code: '7', signal: '0', oom: '0', rest: {} });
    expect(Number(from)).toBeGreaterThan(before);
    expect(Number(finished) - Number(from)).toBeGreaterThan(100e6);
    expect(container.log().sort()).toEqual(['stderr F err', 'stdout F out']);
    expect(readFileSync(container.path('log'), 'utf8')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z std/);
    const age = Date.now() - Date.parse(readFileSync(container.path('log'), 'utf8').slice(0, 30));
    expect(Math.abs(age)).toBeLessThan(5000);
    for (const name of ['attach.sock', 'failure', 'exit.new']) expect(existsSync(container.path(name))).toBe(false);
  });

  test('tells the signal that ended it', async () => {
    await container.start(shellPlan('sleep 60'));
    process.kill(container.pid(), 'SIGKILL');
    await container.ended();
    expect(container.exit()).toMatchObject({ code: '137', signal: '9', oom: '0' });
  });

  test('a second monitor of the same directory is refused and disturbs nothing', async () => {
    await container.start(shellPlan('cat'), { stdin: 1 });
    const second = await container.start(shellPlan('cat'), { stdin: 1 });
    expect([second.code, second.records[0]?.kind, second.records[0]?.value]).toEqual([
      125,
      'fail',
      constants.errno.EBUSY,
    ]);
    const client = await container.attach();
    client.send(TO.closeStdin);
    expect(await client.state(FROM.exited)).toStartWith('code=0\n');
  });

  test('kill -9 of the monitor frees the lock; the container can be started again', async () => {
    await container.start(shellPlan('sleep 60'));
    const orphan = container.pid();
    process.kill(container.monitorPid(), 'SIGKILL');
    await container.ended();
    expect(existsSync(container.path('exit'))).toBe(false);
    process.kill(orphan, 'SIGKILL');
    writeFileSync(container.path('exit'), 'code=1\n');
    writeFileSync(container.path('failure'), 'old');
    expect((await container.start(shellPlan('sleep 0.3'))).code).toBe(0);
    expect(existsSync(container.path('exit'))).toBe(false);
    await container.ended();
    expect(container.exit()['code']).toBe('0');
    expect(existsSync(container.path('failure'))).toBe(false);
  });

  test('catchable signals do not end it, and the container does not inherit that', async () => {
    await container.start(shellPlan('grep Sig /proc/self/status; sleep 60'));
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1'] as const)
      process.kill(container.monitorPid(), signal);
    await Bun.sleep(50);
    expect(container.locked()).toBe(true);
    const masks = container.log().map((line) => line.split('F ')[1] ?? '');
    for (const name of ['SigBlk', 'SigIgn']) expect(masks).toContain(`${name}:\t0000000000000000`);
    process.kill(container.pid(), 'SIGKILL');
    await container.ended();
  });

  test('a launch that fails says why to the caller, on disk, and to later readers', async () => {
    const failed = await container.start(shellPlan('', { program: '/missing/program' }));
    expect(failed.code).toBe(125);
    const fail = failed.records.find((record) => record.kind === 'fail');
    expect([fail?.value, fail?.step]).toEqual([constants.errno.ENOENT, 2]);
    await container.ended();
    expect(container.exit()).toMatchObject({ code: '125', signal: '0', error: String(constants.errno.ENOENT) });
    expect(parseReport(readFileSync(container.path('failure')))).toEqual(fail === undefined ? [] : [fail]);
  });

  test('a held launch that fails tells its client', async () => {
    await container.start(shellPlan('', { program: '/missing/program' }), { hold: 1 });
    const client = await container.attach();
    client.send(TO.start);
    await client.state(FROM.failed);
    await until(() => client.closed);
    expect(client.types()).toEqual([FROM.failed]);
    const record = parseReport(client.frames[0]?.payload ?? Buffer.alloc(0))[0];
    expect(record?.value).toBe(constants.errno.ENOENT);
    expect(readFileSync(container.path('failure')).equals(client.frames[0]?.payload ?? Buffer.alloc(0))).toBe(true);
  });

  test('a plan that is none, or missing, is a failed launch', async () => {
    writeFileSync(container.path('plan'), 'not a plan');
    const refused = await container.monitor({ plan: container.path('plan') });
    expect([refused.code, refused.records.at(-1)?.kind]).toEqual([125, 'fail']);
    await container.ended();
    const missing = await container.monitor({ plan: container.path('nowhere') });
    expect([missing.code, missing.records[0]?.value, missing.records[0]?.path]).toEqual([
      125,
      constants.errno.ENOENT,
      container.path('nowhere'),
    ]);
    await container.ended();
    expect(container.exit()['error']).toBe(String(constants.errno.ENOENT));
  });

  test('refuses a missing directory', async () => {
    const failed = await container.monitor({ dir: container.path('nowhere') });
    expect([failed.code, failed.records[0]?.value, failed.records[0]?.path]).toEqual([
      125,
      constants.errno.ENOENT,
      container.path('nowhere'),
    ]);
  });

  test('background processes in a shared PID namespace do not hold the end up, and end with their cgroup', async () => {
    const name = `sampan-test-monitor-${process.pid}-${groups++}`;
    const cgroup = [`${PIDS}/${name}`];
    mkdirSync(`${PIDS}/${name}/below`, { recursive: true });
    const script = `echo 0 >${PIDS}/${name}/cgroup.procs; sleep 61 & (echo 0 >${PIDS}/${name}/below/cgroup.procs; exec sleep 62) & sleep 0.2; echo $!; exit 4`;
    await container.start(shellPlan(script, { flags: 0 }), { cgroup });
    await container.ended();
    expect(container.exit()['code']).toBe('4');
    expect(existsSync(`${PIDS}/${name}`)).toBe(false);
    const left = Number(container.log()[0]?.split(' ')[2]);
    expect(existsSync(`/proc/${left}`) && readFileSync(`/proc/${left}/cmdline`, 'latin1').includes('sleep')).toBe(
      false,
    );
  });

  test('tells that memory ran out', async () => {
    const name = `sampan-test-monitor-${process.pid}-${groups++}`;
    mkdirSync(`${MEMORY}/${name}`);
    writeFileSync(`${MEMORY}/${name}/memory.limit_in_bytes`, String(16 << 20));
    const script = `echo 0 >${MEMORY}/${name}/cgroup.procs; exec tail -c 100000000 /dev/zero`;
    await container.start(shellPlan(script, { flags: 0 }), { cgroup: [`${MEMORY}/${name}`] });
    await container.ended();
    expect(container.exit()).toMatchObject({ code: '137', signal: '9', oom: '1' });
    expect(existsSync(`${MEMORY}/${name}`)).toBe(false);
  });

  test('executes onExit in its place when all is done, with its environment and the lock free', async () => {
    const script =
      'flock -n lock true && cat exit >after; env | sort >>after; grep -E "SigBlk|SigIgn" /proc/self/status >>after; ls attach.sock 2>>after; echo end >>after';
    await container.start(shellPlan('exit 9'), {
      onExit: ['/bin/sh', '-c', script],
      onExitEnv: ['A=1', 'PATH=/usr/bin:/bin'],
    });
    await until(
      () => existsSync(container.path('after')) && readFileSync(container.path('after'), 'utf8').endsWith('end\n'),
    );
    const text = readFileSync(container.path('after'), 'utf8');
    expect(text).toStartWith('code=9\n');
    expect(text).toContain('A=1\n');
    expect(text).toContain('SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n');
    expect(text).toContain('attach.sock');
  });

  test('the container has nothing of the monitor: no descriptors, no variables', async () => {
    await container.start(shellPlan('echo $(ls /proc/self/fd); env'));
    await container.ended();
    // The fourth is the directory that ls reads; busybox's shell sets the other variables itself.
    expect(container.log()[0]).toBe('stdout F 0 1 2 3');
    const names = container
      .log()
      .slice(1)
      .map((line) => line.slice('stdout F '.length).split('=')[0]);
    expect(names.filter((name) => name !== 'PWD' && name !== 'SHLVL' && name !== 'OLDPWD')).toEqual(['PATH']);
  });
});

test('an idle monitor with a log costs at most 100 KB of memory', async () => {
  const container = new Container(BUILDS[0] ?? '');
  try {
    await container.start(
      shellPlan('i=0; while [ $i -lt 200 ]; do echo a line of output; i=$((i+1)); done; sleep 60'),
      {
        logMaxBytes: 10_000_000,
        logMaxFiles: 3,
      },
    );
    await until(() => container.log().length === 200);
    await Bun.sleep(1500);
    const rollup = readFileSync(`/proc/${container.monitorPid()}/smaps_rollup`, 'utf8');
    const kilobytes = Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]);
    expect(kilobytes).toBeGreaterThan(0);
    expect(kilobytes).toBeLessThanOrEqual(100);
  } finally {
    await container.remove();
  }
});
