import { expect, test } from 'bun:test';
import { V2_HOST } from '#kernel/host-facts.fixture.ts';
import { CLONE } from '#kernel/linux.ts';
import type { Process } from '#runtime/spec/spec.ts';
import { lowerExec, type ExecContext } from './exec.ts';
import { all, CONTEXT, inOrder, is, one, program, spec } from './lowering.fixture.ts';
import { candidates } from './program.ts';

const container = spec();
const own = container.process as Process;
const context: ExecContext = {
  spec: container,
  facts: CONTEXT.facts,
  init: { pid: 77, startTime: '4711' },
  cgroupsPath: '/box',
  terminal: { kind: 'relay' },
  mode: 'run',
};

test('joins one verified init, all namespaces at once; what becomes visible there has no more rights than the program', () => {
  const { plan } = lowerExec(own, context);
  const main = program(plan, 'main');
  expect(one(main, 'pidfd')).toMatchObject({ pid: 77, starttime: 4711n });
  expect(inOrder(main, is('prctl'), is('pidfd'), is('clone'), is('adopt'), is('supervise'))).toBe(true);
  const joiner = program(plan, 'joiner');
  expect(inOrder(joiner, is('writeSlot'), is('setns'), is('ids'), is('caps'), is('clone'), is('sendFd'))).toBe(true);
  expect(program(plan, 'child').map((step) => step.op)).toEqual(['setsid', 'close', 'exec']);
  const flags = CLONE.newpid | CLONE.newns | CLONE.newnet | CLONE.newipc | CLONE.newuts | CLONE.newcgroup;
  expect(one(joiner, 'setns').flags).toBe(flags);
});

test('a terminal never covers the container’s console', () => {
  const { plan } = lowerExec({ ...own, terminal: true }, context);
  expect(one(program(plan, 'joiner'), 'pty').noConsole).toBe(1);
});

test('on version 2 it is born in the container’s group', () => {
  const { plan } = lowerExec(own, { ...context, facts: V2_HOST });
  expect(one(program(plan, 'main'), 'clone').cgroup).toBe('cgroup');
  expect(all(program(plan, 'joiner'), 'writeSlot')).toEqual([]);
});

test('the filter of the container counts for its further programs', () => {
  const seccomp = { defaultAction: 'SCMP_ACT_ERRNO' };
  const { plan } = lowerExec(own, { ...context, spec: spec({}, {}, { seccomp }) });
  expect(
    program(plan, 'child')
      .slice(-2)
      .map((step) => step.op),
  ).toEqual(['seccomp', 'exec']);
});

test('a name is looked up in PATH, a path is taken as it is', () => {
  expect(candidates('ls', ['PATH=/x::/y'])).toEqual(['/x/ls', './ls', '/y/ls']);
  expect(candidates('./ls', ['PATH=/x'])).toEqual(['./ls']);
  expect(candidates('ls', [])).toContain('/usr/bin/ls');
});

test('HOME is added where it is missing', () => {
  const env = (user: Process['user'], given: string[]): readonly string[] =>
    one(program(lowerExec({ ...own, user, env: given }, context).plan, 'child'), 'exec').env;
  expect(env({ uid: 0, gid: 0 }, ['A=1'])).toEqual(['A=1', 'HOME=/root']);
  expect(env({ uid: 5, gid: 5 }, ['A=1'])).toEqual(['A=1', 'HOME=/']);
  expect(env({ uid: 5, gid: 5 }, ['HOME=/x'])).toEqual(['HOME=/x']);
});
