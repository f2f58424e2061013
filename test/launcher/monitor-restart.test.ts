import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { BUILDS } from './harness.ts';
import { Container, FROM, shellPlan, TO, until } from './monitor-fixture.ts';

const ALWAYS = 1;
const AFTER_FAILURE = 2;
const PIDS = '/sys/fs/cgroup/pids';
const policy = (code: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(code);
  return bytes;
};
const LAST = policy(0xffff_ffff);

describe.each(BUILDS.map((path) => [path]))('restarts by a monitor (%s)', (launcher) => {
  let container: Container;
  beforeEach(() => {
    container = new Container(launcher);
  });
  afterEach(() => container.remove());

  const journal = (): string[] =>
    readFileSync(container.path('journal'), 'latin1')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' ').slice(1).join(' '));
  const delays = (): number[] =>
    journal().flatMap((line) => [...line.matchAll(/^restarting in=(\d+)/g)].map(([, delay]) => Number(delay)));
  const between = async (run = 1): Promise<void> => until(() => delays().length >= run);

  test('after failures it starts again so often, each pause twice as long, all in one log', async () => {
    await container.start(shellPlan('echo run; exit 3'), { restart: AFTER_FAILURE + 3 });
    await container.ended();
    expect(delays()).toEqual([100, 200, 400]);
    expect(journal().filter((line) => line.startsWith('started'))).toHaveLength(4);
    expect(container.log()).toEqual(Array(4).fill('stdout F run'));
    expect(container.exit()).toMatchObject({ code: '3' });
    expect(container.exit()['restarting']).toBeUndefined();
    expect(existsSync(container.path('attach.sock'))).toBe(false);
  });

  test('a success ends it where only failures count', async () => {
    const script = `[ -e ${container.path('tried')} ] && exit 0; touch ${container.path('tried')}; exit 1`;
    await container.start(shellPlan(script), { restart: AFTER_FAILURE });
    await container.ended();
    expect(delays()).toEqual([100]);
    expect(container.exit()['code']).toBe('0');
  });

  test('between two runs the files say so, who comes is told, and the last run ends it at once', async () => {
    await container.start(shellPlan('exit 0'), { restart: ALWAYS });
    await between(5);
    expect(existsSync(container.path('pid'))).toBe(false);
    expect(container.exit()).toMatchObject({ code: '0', restarting: '1600' });
    const client = await container.attach();
    await client.state(FROM.restarting);
    client.send(TO.restart, LAST);
    expect(await client.state(FROM.exited)).not.toContain('restarting');
    await container.ended();
    expect(container.exit()['restarting']).toBeUndefined();
    expect(delays()).toHaveLength(5);
  });

  test('clients are told of each end and let go; the next run finds its own', async () => {
    await container.start(shellPlan('cat; exit 1'), { restart: ALWAYS, stdin: 1 });
    for (const text of ['first', 'second']) {
      const client = await container.attach();
      await client.state(FROM.started);
      client.send(TO.stdin, text);
      client.send(TO.closeStdin);
      expect(await client.state(FROM.exited)).toContain('code=1\n');
      await until(() => client.closed);
      expect(client.output()).toBe(text);
      await until(() => existsSync(container.path('pid')) && !existsSync(container.path('exit')));
    }
    const client = await container.attach();
    client.send(TO.restart, LAST);
    client.send(TO.signal, Uint8Array.of(constants.signals.SIGKILL));
    expect(await client.state(FROM.exited)).toContain('code=137\nsignal=9\n');
    await container.ended();
  });

  test('a policy that comes later counts, but not after the last word', async () => {
    await container.start(shellPlan('sleep 60'));
    const client = await container.attach();
    await client.state(FROM.started);
    client.send(TO.restart, policy(ALWAYS));
    client.send(TO.signal, Uint8Array.of(constants.signals.SIGKILL));
    await client.state(FROM.exited);
    await until(() => journal().filter((line) => line.startsWith('started')).length === 2);
    const next = await container.attach();
    next.send(TO.restart, LAST);
    next.send(TO.restart, policy(ALWAYS));
    next.send(TO.signal, Uint8Array.of(constants.signals.SIGKILL));
    await next.state(FROM.exited);
    await container.ended();
    expect(delays()).toHaveLength(1);
  });

  test('a policy of no length costs the connection', async () => {
    await container.start(shellPlan('sleep 60'));
    const client = await container.attach();
    client.send(TO.restart, 'ab');
    await until(() => client.closed);
  });

  test('a run that cannot be started is the end, and says why', async () => {
    const tool = container.path('tool');
    writeFileSync(tool, '#!/bin/sh\nexit 4\n', { mode: 0o755 });
    await container.start(shellPlan('', { program: tool }), { restart: ALWAYS });
    await between();
    renameSync(tool, `${tool}.away`);
    await container.ended();
    expect(container.exit()).toMatchObject({ code: '125', error: String(constants.errno.ENOENT) });
    expect(container.exit()['restarting']).toBeUndefined();
    expect(journal().at(-1)).toStartWith('failed ');
  });

  test('each run has control groups of its own, and what the one before left in them is gone', async () => {
    const name = `sampan-test-restart-${process.pid}-${container.directory.slice(-6)}`;
    const cgroup = [`${PIDS}/${name}`];
    mkdirSync(cgroup[0] ?? '');
    // A real plan makes the group anew; here the program sees that it is gone.
    const script = `[ -d ${cgroup[0]} ] || exit 9; echo 0 >${cgroup[0]}/cgroup.procs; sleep 61 & exit 1`;
    await container.start(shellPlan(script, { flags: 0 }), { cgroup, restart: AFTER_FAILURE + 1 });
    await container.ended();
    expect(container.exit()['code']).toBe('9');
  });

  test('kill -9 between two runs leaves the end of the last one; the lock is free', async () => {
    await container.start(shellPlan('exit 5'), { restart: ALWAYS });
    await between(5);
    process.kill(container.monitorPid(), 'SIGKILL');
    await until(() => !container.locked());
    expect(container.exit()).toMatchObject({ code: '5', restarting: '1600' });
    expect(existsSync(container.path('pid'))).toBe(false);
  });
});
