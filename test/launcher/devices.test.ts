/** The step that attaches a device program, on whatever unified hierarchy this machine has mounted. */
import { describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan, Step } from '#kernel/plan.ts';
import { deviceProgram } from '#runtime/cgroup/device-program.ts';
import { deviceRules } from '#runtime/cgroup/device-rules.ts';
import { ALL_NAMESPACES, alone, BUILDS, container, enterRoot, failure, O, Scene, shell } from './harness.ts';

const unified = /^\S+ \S+ \S+ \S+ (\S+) .*- cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1];
if (unified === undefined) throw new Error('this machine has no cgroup2 file system mounted');
const GROUP = join(unified, `sampan-test-devices-${process.pid}`);
const ENTER_GROUP: Step[] = [
  { op: 'mkdir', path: GROUP, mode: 0o755 },
  { op: 'open', path: GROUP, flags: O.PATH | O.DIRECTORY, out: 'cgroup' },
];
const LEAVE_GROUP: Step = { op: 'rmdir', path: GROUP, retryMs: 2000 };
const CAP_NET_ADMIN = 1n << 12n;
const CAP_SYS_ADMIN = 1n << 21n;
const CAP_BPF = 1n << 39n;
const ALL_CAPABILITIES = (1n << 41n) - 1n;

const DEFAULT = deviceProgram(deviceRules([])) ?? new Uint8Array();

/** A container in the group, where `program` is attached before its shell looks at three devices. */
function inGroup(scene: Scene, program: Uint8Array): Plan {
  for (const [name, minor] of Object.entries({ null: 3, kmsg: 11 }))
    execFileSync('mknod', [join(scene.root, 'dev', name), 'c', '1', String(minor)]);
  const script = 'for at in null kmsg; do (exec 3</dev/$at) 2>/dev/null && echo $at; done; echo end';
  const steps: Step[] = [...enterRoot(scene.root), { op: 'pivot', root: 'root' }, shell(script)];
  const plan = container(steps, ALL_NAMESPACES, [...ENTER_GROUP, { op: 'deviceProgram', cgroup: 'cgroup', program }]);
  return {
    programs: plan.programs.map(({ name, steps: list }) => ({
      name,
      steps: list.flatMap((step): Step[] => {
        if (step.op === 'clone') return [{ ...step, cgroup: 'cgroup' }];
        return step.op === 'supervise' ? [step, LEAVE_GROUP] : [step];
      }),
    })),
  };
}

describe.each(BUILDS)('%s', (binary) => {
  test('the processes of the group are held to the program', async () => {
    using scene = new Scene(binary);
    const out = await scene.run(inGroup(scene, DEFAULT));
    expect({ stdout: out.stdout, failure: failure(out) }).toEqual({ stdout: 'null\nend\n', failure: undefined });
  });

  test('every program that is attached has to allow', async () => {
    using scene = new Scene(binary);
    const nothing = deviceProgram({ allowOthers: false, origin: '', rules: [] }) ?? new Uint8Array();
    const plan = inGroup(scene, DEFAULT);
    const second: Step = { op: 'deviceProgram', cgroup: 'cgroup', program: nothing };
    const twice = plan.programs.map(({ name, steps }) => ({
      name,
      steps: steps.flatMap((step): Step[] => (step.op === 'deviceProgram' ? [step, second] : [step])),
    }));
    expect((await scene.run({ programs: twice })).stdout).toBe('end\n');
  });

  test('a program that the verifier refuses comes back with its log', async () => {
    using scene = new Scene(binary);
    const endless = DEFAULT.slice(0, -8);
    const out = await scene.run(alone(...ENTER_GROUP, { op: 'deviceProgram', cgroup: 'cgroup', program: endless }));
    await scene.run(alone(LEAVE_GROUP));
    expect(failure(out)).toMatchObject({ name: 'EINVAL', path: 'BPF_PROG_LOAD' });
    expect(failure(out)?.detail.toString()).toContain('not an exit');
  });

  test('a torn instruction, or a directory that is no control group, is refused', async () => {
    using scene = new Scene(binary);
    const open: Step = { op: 'open', path: scene.dir, flags: O.PATH | O.DIRECTORY, out: 'cgroup' };
    const torn = await scene.run(alone(open, { op: 'deviceProgram', cgroup: 'cgroup', program: DEFAULT.slice(0, 12) }));
    expect(failure(torn)).toMatchObject({ name: 'EINVAL', path: '' });
    const elsewhere = await scene.run(alone(open, { op: 'deviceProgram', cgroup: 'cgroup', program: DEFAULT }));
    expect(failure(elsewhere)).toMatchObject({ name: 'EBADF', path: 'BPF_PROG_ATTACH' });
  });

  test('without the right to it the step fails, or warns where the plan says so', async () => {
    using scene = new Scene(binary);
    const kept = ALL_CAPABILITIES & ~(CAP_SYS_ADMIN | CAP_BPF | CAP_NET_ADMIN);
    const steps = (onError: 'fail' | 'warn'): Step[] => [
      ...ENTER_GROUP,
      { op: 'caps', effective: kept, permitted: kept, inheritable: 0n, ambient: 0n },
      { op: 'deviceProgram', cgroup: 'cgroup', program: DEFAULT, onError },
    ];
    const failed = await scene.run(alone(...steps('fail')));
    await scene.run(alone(LEAVE_GROUP));
    expect(failure(failed)).toMatchObject({ name: 'EPERM', path: 'BPF_PROG_LOAD' });
    const warned = await scene.run(alone(...steps('warn'), LEAVE_GROUP));
    expect(failure(warned)).toBeUndefined();
    expect(warned.records.filter((record) => record.kind === 'warn').at(-1)).toMatchObject({ path: 'BPF_PROG_LOAD' });
  });
});
