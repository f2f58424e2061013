import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { parseReport } from '#kernel/report.ts';
import { Container, FROM, shellPlan, TO, until } from './monitor-fixture.ts';
import { LAUNCHERS } from './tree-roles.ts';

describe.each(LAUNCHERS.map((path) => [path]))('monitor (%s)', (launcher) => {
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
    expect(Math.abs(Date.parse(readFileSync(container.path('log'), 'utf8').slice(0, 30)) - Date.now())).toBeLessThan(
      5000,
    );
    expect(existsSync(container.path('attach.sock'))).toBe(false);
    expect(existsSync(container.path('failure'))).toBe(false);
  });

  test('tells the signal that ended it', async () => {
    await container.start(shellPlan('sleep 60'));
    process.kill(container.pid(), 'SIGKILL');
    await container.ended();
    expect(container.exit()).toMatchObject({ code: '137', signal: '9', oom: '0' });
  });
});
