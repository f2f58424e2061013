import { describe, expect, test } from 'bun:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLONE } from '#kernel/linux.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import { BUILDS, failure, processesWith, program, Scene } from './harness.ts';

/** A child that makes another in its place, hands its pidfd to `main` and ends. */
const handedOver = (then: readonly Step[], run: readonly Step[]): Plan => ({
  programs: [
    program(
      'main',
      { op: 'channel', a: 'here', b: 'there' },
      { op: 'clone', program: 'joiner', flags: 0, out: 'joiner' },
      { op: 'close', slot: 'there' },
      { op: 'recvFd', slot: 'here', out: 'child' },
      { op: 'adopt', pidfd: 'child', program: 'child', report: 1 },
      ...then,
    ),
    program(
      'joiner',
      { op: 'close', slot: 'here' },
      { op: 'clone', program: 'child', flags: CLONE.parent, out: 'child' },
      { op: 'sendFd', slot: 'there', fd: 'child', data: 'p' },
    ),
    program('child', ...run),
  ],
});

const host = (...argv: string[]): Step => ({ op: 'exec', candidates: ['/bin/busybox'], argv, env: [] });

describe.each(BUILDS)('adopt with %s', (binary) => {
  test('a process made by a child is supervised as an own one', async () => {
    using scene = new Scene(binary);
    const out = await scene.run(handedOver([{ op: 'supervise', pidfd: 'child' }], [host('sh', '-c', 'exit 7')]));
    expect(out.code).toBe(7);
    expect(out.records.map((record) => record.kind)).toEqual(['pid', 'exit']);
  });

  test('it is killed when the one who adopted it fails', async () => {
    using scene = new Scene(binary);
    const seconds = String(8_000_000 + process.pid);
    const fails: Step = { op: 'rmdir', path: '/proc/self' };
    const out = await scene.run(handedOver([fails], [host('sleep', seconds)]));
    expect(failure(out)?.path).toBe('/proc/self');
    for (let round = 0; processesWith(seconds).length > 0 && round < 100; round++) await sleep(20);
    expect(processesWith(seconds)).toEqual([]);
  });

  test('its failure is told once', async () => {
    using scene = new Scene(binary);
    const plan = handedOver([{ op: 'wait', slot: 'here' }], [{ op: 'cwd', path: '/nosuch' }, host('true')]);
    expect(failure(await scene.run(plan))).toMatchObject({ name: 'ENOENT', path: '/nosuch' });
  });

  test('what is no process of this plan is refused', async () => {
    using scene = new Scene(binary);
    const plan: Plan = {
      programs: [
        program('main', { op: 'pidfd', pid: 1, out: 'other' }, { op: 'adopt', pidfd: 'other', program: 'main' }),
      ],
    };
    expect(failure(await scene.run(plan))?.name).toBe('EINVAL');
  });
});
