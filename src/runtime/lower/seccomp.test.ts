import { expect, test } from 'bun:test';
import type { Plan } from '#kernel/plan.ts';
import { lowerContainer } from './container.ts';
import { lowerExec } from './exec.ts';
import { CONTEXT, program, spec } from './lowering.fixture.ts';

const NOTIFIED = {
  seccomp: {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mount'], action: 'SCMP_ACT_NOTIFY' }],
    listenerPath: '/run/agent.sock',
  },
};

const names = (plan: Plan, of: string): string[] => program(plan, of).map((step) => step.op);
const after = (steps: string[], op: string, count: number): string[] =>
  steps.slice(steps.indexOf(op), steps.indexOf(op) + count);
const wanted = (noNewPrivileges: boolean) => spec({ mounts: [] }, { noNewPrivileges }, NOTIFIED);

test('the agent has the listener before init goes on, and nobody else keeps it', () => {
  for (const noNewPrivileges of [false, true]) {
    const { plan } = lowerContainer(wanted(noNewPrivileges), CONTEXT);
    expect(after(names(plan, 'init'), 'seccomp', 4)).toEqual(['seccomp', 'offerFd', 'wait', 'close']);
    expect(after(names(plan, 'main'), 'takeFd', 6)).toEqual([
      'takeFd',
      'connect',
      'sendFdWithPid',
      'close',
      'close',
      'post',
    ]);
  }
});

test('a further program waits for that too; the joiner asks nobody before', () => {
  const lowered = (noNewPrivileges: boolean): Plan => {
    const of = wanted(noNewPrivileges);
    const init = { pid: 7, startTime: '1' };
    const context = { ...CONTEXT, mode: 'run', spec: of, init, cgroupsPath: '/x' } as const;
    return lowerExec(of.process ?? { user: { uid: 0, gid: 0 }, args: ['true'], cwd: '/' }, context).plan;
  };
  const early = lowered(false);
  expect(names(early, 'joiner').slice(-4)).toEqual(['clone', 'offerFd', 'offerFd', 'wait']);
  expect(names(early, 'child').slice(-3)).toEqual(['wait', 'close', 'exec']);
  const late = names(lowered(true), 'child');
  expect(after(late, 'seccomp', 6)).toEqual(['seccomp', 'offerFd', 'wait', 'close', 'close', 'exec']);
});
