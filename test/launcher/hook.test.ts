/** The step that runs a program of somebody else's and waits for its end. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '#kernel/plan.ts';
import { alone, BUILDS, failure, processesWith, program, Scene } from './harness.ts';

const hook = (script: string, more: object = {}): Step => ({
  op: 'hook',
  path: '/bin/sh',
  argv: ['sh', '-c', script],
  head: '{}',
  ...more,
});

describe.each(BUILDS)('%s', (binary) => {
  test('gets its input, environment and directory, and nothing else of ours', async () => {
    using scene = new Scene(binary);
    const script = `{ cat; pwd; tr '\\0' '\\n' </proc/self/environ; ls /proc/self/fd; grep -E 'SigIgn|SigBlk' /proc/self/status; } >${scene.dir}/saw`;
    const outcome = await scene.run(
      alone(
        { op: 'open', path: '/etc', flags: 0, out: 'open' },
        hook(script, { head: '{"pid":', tail: `,"x":"${'y'.repeat(200_000)}"}\n`, env: ['A=b'], cwd: scene.root }),
      ),
    );
    expect([outcome.code, outcome.records]).toEqual([0, []]);
    const [state = '', cwd, ...rest] = readFileSync(join(scene.dir, 'saw'), 'utf8').split('\n');
    expect(JSON.parse(state)).toEqual({ pid: expect.any(Number), x: 'y'.repeat(200_000) });
    expect(cwd).toBe(scene.root);
    expect(rest.join(' ')).toMatch(/^A=b( PWD=\S+)? 0 1 2 3 SigBlk:\t0{16} SigIgn:\t0{16} $/);
  });

  test('one that fails is told by its status and the last that it printed', async () => {
    using scene = new Scene(binary);
    const script = 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo why >&2; exit 7';
    const failed = failure(await scene.run(alone(hook(script))));
    expect(failed).toMatchObject({ name: 'ECHILD', path: '/bin/sh', step: 0 });
    const detail = failed?.detail.toString() ?? '';
    expect(detail).toStartWith('exit status 7\n');
    expect(detail).toEndWith('line 1999\nwhy\n');
    expect(detail.length).toBeLessThanOrEqual(2048);
    expect(failure(await scene.run(alone(hook('kill -9 $$'))))?.detail.toString()).toBe('signal 9\n');
    const missing = await scene.run(alone({ op: 'hook', path: '/no/such', argv: ['x'], head: '' }));
    expect(failure(missing)).toMatchObject({ name: 'ENOENT', path: '/no/such' });
    const nowhere = await scene.run(alone(hook('true', { cwd: '/no/such' })));
    expect(failure(nowhere)?.name).toBe('ENOENT');
  });

  test('its time is over after the timeout, whoever still holds its output does not count', async () => {
    using scene = new Scene(binary);
    const started = performance.now();
    const outcome = await scene.run(alone(hook('echo half; exec sleep 61', { timeout: 1 })));
    expect(failure(outcome)?.name).toBe('ETIMEDOUT');
    expect(failure(outcome)?.detail.toString()).toBe('timeout 1\nhalf\n');
    expect((await scene.run(alone(hook('sleep 3 & exit 0')))).code).toBe(0);
    expect(performance.now() - started).toBeLessThan(2900);
  });

  test('one that does not read its input fails nothing', async () => {
    using scene = new Scene(binary);
    expect((await scene.run(alone(hook('exec 0<&-; sleep 0.1', { head: 'x'.repeat(300_000) })))).code).toBe(0);
  });

  test('kill=1 takes the process in pidfd along', async () => {
    using scene = new Scene(binary);
    const sleeper = Bun.spawn(['sleep', '62']);
    const target: Step = { op: 'pidfd', pid: sleeper.pid, out: 'target' };
    await scene.run(alone(target, hook('exit 0', { pidfd: 'target', kill: 1 })));
    expect(sleeper.exitCode).toBeNull();
    const script = `cat >${scene.dir}/pid; exit 1`;
    await scene.run(alone(target, hook(script, { pidfd: 'target', kill: 1, head: 'p', tail: 'q' })));
    await sleeper.exited;
    expect(sleeper.signalCode).toBe('SIGKILL');
    expect(readFileSync(join(scene.dir, 'pid'), 'utf8')).toBe(`p${sleeper.pid}q`);
  });

  test('a launcher that is told to end takes its hook and its children along', async () => {
    using scene = new Scene(binary);
    const mark = `63.${scene.dir.slice(-6).replaceAll(/\D/g, '1')}`;
    const { launch, outcome } = scene.start({
      programs: [
        program('main', { op: 'clone', program: 'child', flags: 0, out: 'child' }, hook(`exec sleep ${mark}`)),
        program('child', { op: 'exec', candidates: ['/bin/sleep'], argv: ['sleep', mark], env: [] }),
      ],
    });
    for (let round = 0; round < 100 && processesWith(`sleep ${mark}`).length < 2; round++) await Bun.sleep(20);
    expect(processesWith(`sleep ${mark}`)).toHaveLength(2);
    launch.kill('SIGTERM');
    await outcome;
    for (let round = 0; round < 50 && processesWith(`sleep ${mark}`).length > 0; round++) await Bun.sleep(20);
    expect(processesWith(`sleep ${mark}`)).toEqual([]);
  });
});
