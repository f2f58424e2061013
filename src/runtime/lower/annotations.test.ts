import { expect, test } from 'bun:test';
import { checkSpec } from '#runtime/spec/check-spec.ts';
import type { Linux, Spec } from '#runtime/spec/spec.ts';
import { lowerContainer } from './container.ts';
import { all, CONTEXT, inOrder, is, one, program, spec } from './lowering.fixture.ts';

const lower = (annotations: NonNullable<Spec['annotations']>, linux: Partial<Linux> = {}) =>
  lowerContainer(checkSpec(spec({ annotations }, {}, linux)), CONTEXT);

test('run.oci.pidfd_receiver is another way to name the socket', () => {
  const main = program(lower({ 'run.oci.pidfd_receiver': '/run/receiver' }).plan, 'main');
  expect(one(main, 'connect')).toMatchObject({ path: '/run/receiver' });
  expect(inOrder(main, is('connect'), is('clone'), is('sendFd'))).toBe(true);
});

test('run.oci.seccomp.receiver names a listener’s socket where the profile does not', () => {
  const seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['getcwd'], action: 'SCMP_ACT_NOTIFY' }],
  };
  expect(() => lower({}, { seccomp })).toThrow(expect.objectContaining({ field: 'linux.seccomp.listenerPath' }));
  const main = program(lower({ 'run.oci.seccomp.receiver': '/run/agent' }, { seccomp }).plan, 'main');
  expect(all(main, 'connect').map(({ path }) => path)).toContain('/run/agent');
});

test('run.oci.seccomp_bpf_data is the filter itself, and no other text is', () => {
  const filter = new Uint8Array([6, 0, 0, 0, 0, 0, 0xff, 0x7f]);
  const data = Buffer.from(filter).toString('base64');
  const given = one(program(lower({ 'run.oci.seccomp_bpf_data': data }).plan, 'init'), 'seccomp');
  expect([...given.filter]).toEqual([...filter]);
  for (const bad of ['x', '####', Buffer.from([1, 2, 3]).toString('base64')]) {
    expect(() => lower({ 'run.oci.seccomp_bpf_data': bad })).toThrow(
      expect.objectContaining({ field: 'annotations.run.oci.seccomp_bpf_data' }),
    );
  }
});

test('run.oci.seccomp_fail_unknown_syscall refuses names that are otherwise left out', () => {
  const seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['getcwd', 'nonesuch'], action: 'SCMP_ACT_ERRNO' }],
  };
  const strict = 'run.oci.seccomp_fail_unknown_syscall';
  expect(lower({ [strict]: '0' }, { seccomp }).warnings).toEqual([]);
  expect(() => lower({ [strict]: '1' }, { seccomp })).toThrow(
    expect.objectContaining({ field: 'linux.seccomp.syscalls[0].names' }),
  );
});

test('what is not done is told, and a handler is refused', () => {
  const { warnings } = lower({ 'run.oci.hooks.stdout': '/log', 'org.example.run': '1' });
  expect(warnings).toEqual(['annotations.run.oci.hooks.stdout has no effect: it is not known here']);
  expect(() => lower({ 'run.oci.handler': 'krun' })).toThrow(
    expect.objectContaining({ kind: 'unsupported', field: 'annotations.run.oci.handler' }),
  );
});
