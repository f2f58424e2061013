import { describe, expect, test } from 'bun:test';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Step } from '#kernel/plan.ts';
import type { Linux, Process, Spec } from '#runtime/spec/spec.ts';
import { lowerContainer } from './container.ts';
import { lowerExec } from './exec.ts';
import { all, CONTEXT, inOrder, is, program, spec } from './lowering.fixture.ts';

const APPARMOR: HostFacts = { ...CONTEXT.facts, labelFiles: { apparmor: 'self/attr/apparmor/exec' } };
const SELINUX: HostFacts = { ...CONTEXT.facts, labelFiles: { selinux: 'self/attr/exec' } };

interface Asked {
  process?: Partial<Process>;
  linux?: Partial<Linux>;
  annotations?: Spec['annotations'];
}

const init = (
  facts: HostFacts,
  { process = {}, linux = {}, annotations = {} }: Asked,
  mode: 'run' | 'hold' = 'run',
) => {
  const paths = { go: '/run/go', report: '/run/report' };
  return program(
    lowerContainer(spec({ annotations }, process, linux), { ...CONTEXT, facts, mode, paths }).plan,
    'init',
  );
};
const isWrite = (step: Step): boolean => step.op === 'writeSlot' && step.slot.startsWith('process.');
const isLabel = (step: Step): boolean => step.op === 'open' && step.path.startsWith('self/attr/');

describe('a profile', () => {
  test('is written to a file that was opened on the host, before filter, capabilities and the wait for the start', () => {
    for (const noNewPrivileges of [true, false]) {
      const process = { apparmorProfile: 'strict', noNewPrivileges };
      const steps = init(APPARMOR, { process, linux: { seccomp: { defaultAction: 'SCMP_ACT_LOG' } } }, 'hold');
      expect(inOrder(steps, isLabel, is('tree'), is('pivot'), isWrite, is('dropBounding'), is('awaitGo'))).toBe(true);
      expect(inOrder(steps, isWrite, is('seccomp'), is('exec'))).toBe(true);
      expect(steps.find(isWrite)).toMatchObject({ data: 'exec strict', origin: 'process.apparmorProfile' });
      expect(steps.find(isLabel)).toMatchObject({ dir: 'host.proc', resolve: 11 });
    }
  });

  test('its file is closed once, after it was written', () => {
    const steps = init(APPARMOR, { process: { apparmorProfile: 'strict' } }, 'hold');
    const closed = steps.filter((step) => step.op === 'close' && step.slot === 'process.apparmorProfile');
    expect(closed).toHaveLength(1);
    expect(inOrder(steps, isWrite, (step) => step === closed[0])).toBe(true);
  });

  test('of a further program is written by the process that makes it', () => {
    const own = spec({}, { apparmorProfile: 'strict' });
    const { plan } = lowerExec(own.process as Process, {
      spec: own,
      facts: APPARMOR,
      init: { pid: 5, startTime: '6' },
      cgroupsPath: '/box',
      terminal: { kind: 'none' },
      mode: 'run',
    });
    expect(inOrder(program(plan, 'joiner'), isLabel, is('setns'), isWrite, is('clone'))).toBe(true);
  });
});

test('SELinux: the label of the process, and of the files of new mounts but those of the kernel', () => {
  const linux = { mountLabel: 'system_u:object_r:a_t:s0:c1,c2' };
  const steps = init(SELINUX, { process: { selinuxLabel: 'system_u:system_r:b_t:s0' }, linux });
  expect(steps.find(isWrite)).toMatchObject({ data: 'system_u:system_r:b_t:s0', origin: 'process.selinuxLabel' });
  const options = (type: string, from = steps) =>
    all(from, 'fsmount')
      .filter(({ fstype }) => fstype === type)
      .map((step) => step.options ?? []);
  const context = `context=${linux.mountLabel}`;
  expect(options('devpts')[0]).toContain(context);
  expect(options('tmpfs')[0]).toContain(context);
  expect(options('tmpfs').at(-1)).toEqual(['nr_blocks=1', 'nr_inodes=1', context]);
  expect(options('proc').flat()).not.toContain(context);
  const other = init(SELINUX, { linux, annotations: { 'run.oci.mount_context_type': 'rootcontext' } });
  expect(options('devpts', other)[0]).toContain(`rootcontext=${linux.mountLabel}`);
});

test('what the kernel cannot do is refused, with the field; unconfined is what everything is anyway', () => {
  const cases: [HostFacts, Asked, string][] = [
    [SELINUX, { process: { apparmorProfile: 'x' } }, 'process.apparmorProfile'],
    [APPARMOR, { process: { selinuxLabel: 'x' } }, 'process.selinuxLabel'],
    [CONTEXT.facts, { linux: { mountLabel: 'x' } }, 'linux.mountLabel'],
    [
      SELINUX,
      { linux: { mountLabel: 'x' }, annotations: { 'run.oci.mount_context_type': 'size' } },
      'annotations.run.oci.mount_context_type',
    ],
  ];
  for (const [facts, asked, field] of cases) {
    expect(() => init(facts, asked)).toThrow(expect.objectContaining({ field }));
  }
  expect(init(CONTEXT.facts, { process: { apparmorProfile: 'unconfined', selinuxLabel: '' } }).some(isWrite)).toBe(
    false,
  );
});
