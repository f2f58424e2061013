import { describe, expect, test } from 'bun:test';
import type { Plan } from '#kernel/plan.ts';
import type { ReportRecord } from '#kernel/report.ts';
import { readElf } from './elf.ts';
import { explainExec } from './exec-failure.ts';
import { explainFailure } from './failure.ts';
import { explainMissingCall } from './missing-call.ts';
import { planAsJson, printPlan } from './print.ts';
import { readShebang } from './shebang.ts';

/** The head of a 64-bit program: header, one program header, the interpreter's name. */
function elf(machine: number, interpreter?: string): Buffer {
  const head = Buffer.alloc(160);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(machine, 18);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  if (interpreter !== undefined) {
    head.writeUInt16LE(1, 56);
    head.writeUInt32LE(3, 64);
    head.writeBigUInt64LE(120n, 72);
    head.write(`${interpreter}\0`, 120);
  }
  return head;
}

describe('files', () => {
  test('ELF heads name machine and interpreter', () => {
    expect(readElf(elf(62, '/lib64/ld.so'))).toEqual({ machine: 'x86-64', bits: 64, interpreter: '/lib64/ld.so' });
    expect(readElf(elf(183))).toEqual({ machine: 'arm64', bits: 64, interpreter: undefined });
    expect(readElf(elf(999))?.machine).toBe('machine 999');
  });

  test('torn and lying heads give no more than is there', () => {
    expect(readElf(elf(62).subarray(0, 40))).toBeUndefined();
    expect(readElf(elf(62, '/x').subarray(0, 100))?.interpreter).toBeUndefined();
    const lying = elf(62, '/x');
    lying.writeBigUInt64LE(0xffffffffn, 72);
    expect(readElf(lying)?.interpreter).toBeUndefined();
    expect(readElf(Buffer.from('#!/bin/sh'))).toBeUndefined();
  });

  test('scripts name their interpreter, with a carriage return seen', () => {
    expect(readShebang(Buffer.from('#! /usr/bin/env  node\nx'))).toEqual({
      interpreter: '/usr/bin/env',
      carriageReturn: false,
    });
    expect(readShebang(Buffer.from('#!/bin/sh\r\n'))).toEqual({ interpreter: '/bin/sh', carriageReturn: true });
    expect(readShebang(Buffer.from('hello'))).toBeUndefined();
  });
});

describe('why a program was not executed', () => {
  const none = Buffer.alloc(0);
  const cases: [string, string, Buffer, string, string][] = [
    ['nothing of that name', 'ENOENT', none, 'notFound', 'executable file not found in'],
    ['a missing loader', 'ENOENT', elf(62, '/lib/ld-musl.so'), 'notFound', '/lib/ld-musl.so'],
    ['a missing script interpreter', 'ENOENT', Buffer.from('#!/bin/ash\n'), 'notFound', '/bin/ash'],
    ['CRLF', 'ENOENT', Buffer.from('#!/bin/sh\r\n'), 'notFound', 'CRLF'],
    ['another architecture', 'ENOEXEC', elf(183), 'unsupported', 'arm64, this machine is x86-64'],
    ['another architecture, with an emulator that is elsewhere', 'ENOENT', elf(183), 'notFound', 'its emulator is not'],
    ['an empty file', 'ENOEXEC', none, 'invalid', 'empty file'],
    ['a text', 'ENOEXEC', Buffer.from('echo hi\n'), 'invalid', '"#!"'],
    ['a damaged program', 'ENOEXEC', elf(62), 'invalid', 'damaged'],
    ['no permission', 'EACCES', none, 'denied', 'may not be executed'],
    ['too much', 'E2BIG', none, 'invalid', 'too long'],
  ];
  for (const [what, errno, head, kind, part] of cases) {
    test(what, () => {
      const explained = explainExec(errno, 'app', '/bin/app', head, 'x64');
      expect(explained.kind).toBe(kind as typeof explained.kind);
      expect(explained.sentence).toContain(part);
    });
  }
});

const PLAN: Plan = {
  programs: [
    { name: 'main', steps: [{ op: 'mkdir', path: '/cg/x', mode: 0o755, origin: 'linux.cgroupsPath' }] },
    {
      name: 'init',
      steps: [
        { op: 'fsmount', fstype: 'tmpfs', options: ['sizee=1'], out: 'm', origin: 'mounts[3]' },
        { op: 'cwd', path: '/nowhere', origin: 'process.cwd' },
        { op: 'caps', effective: 32n, permitted: 32n, inheritable: 0n, ambient: 0n, onError: 'warn' },
        { op: 'exec', candidates: ['/bin/app'], argv: ['app', 'a b'], env: [], origin: 'process.args' },
      ],
    },
  ],
};

function failed(step: number | undefined, value: number, path = '', detail = ''): ReportRecord {
  return { kind: 'fail', program: 0, step, value, path, detail: Buffer.from(detail) };
}

describe('failures', () => {
  test('name step, path, errno, the kernel’s words and the configuration', () => {
    const fault = explainFailure(failed(1, 22, 'sizee=1', "tmpfs: Unknown parameter 'sizee'\n"), PLAN);
    expect(fault.message).toBe(
      "mounts[3]: fsmount sizee=1: invalid argument, EINVAL (tmpfs: Unknown parameter 'sizee')",
    );
    expect(fault.field).toBe('mounts[3]');
    expect(fault.facts).toMatchObject({
      errno: 'EINVAL',
      step: 1,
      op: 'fsmount',
      program: 'init',
      origin: 'mounts[3]',
    });
  });

  test('have sentences of their own where the cause is known', () => {
    expect(explainFailure(failed(0, 17, '/cg/x'), PLAN)).toMatchObject({
      kind: 'conflict',
      field: 'linux.cgroupsPath',
    });
    expect(explainFailure(failed(2, 2, '/nowhere'), PLAN).message).toBe(
      'the working directory /nowhere does not exist in the container: no such file or directory',
    );
    expect(explainFailure(failed(4, 2), PLAN).message).toContain('exec "app": executable file not found in');
  });

  test('have the words by which engines find the exit status, before the start as well', () => {
    const find = { op: 'findProgram', candidates: ['/bin/app'], name: 'app', origin: 'process.args' } as const;
    const plan: Plan = { programs: [{ name: 'init', steps: [find] }] };
    expect(explainFailure(failed(0, 2), plan)).toMatchObject({
      kind: 'notFound',
      field: 'process.args',
      message: 'exec "app": executable file not found in the container\'s $PATH',
    });
    expect(explainFailure(failed(0, 13, '/bin/app'), plan).message).toContain('permission denied');
    expect(explainExec('ENOENT', '/app', '/app', Buffer.alloc(0)).sentence).toContain('no such file or directory');
    expect(explainExec('ENOEXEC', '/app', '/app', elf(183)).sentence).toContain('exec format error');
  });

  test('a device program that is refused is told by what it is for', () => {
    const program = new Uint8Array(8);
    const step = { op: 'deviceProgram', cgroup: 'cgroup', program, origin: 'linux.resources.devices' } as const;
    const plan: Plan = { programs: [{ name: 'main', steps: [step] }] };
    const denied = explainFailure(failed(0, 1, 'BPF_PROG_LOAD'), plan);
    expect(denied).toMatchObject({ kind: 'denied', field: 'linux.resources.devices' });
    expect(denied.message).toContain('may use only some devices, but the kernel refuses the program');
    expect(explainFailure(failed(0, 38), plan)).toMatchObject({ kind: 'unsupported' });
    expect(explainFailure(failed(0, 22, 'BPF_PROG_LOAD', 'R0 !read_ok\n'), plan).message).toBe(
      'linux.resources.devices: deviceProgram BPF_PROG_LOAD: invalid argument, EINVAL (R0 !read_ok)',
    );
  });

  test('of a call that the kernel does not have tell what is too old', () => {
    const step = { op: 'readonly', root: 'root', path: '/proc/sys' } as const;
    expect(explainMissingCall(step, '5.10.0-32-amd64')).toMatchObject({
      kind: 'unsupported',
      sentence: 'this kernel (5.10.0-32-amd64) has no mount_setattr, which came with Linux 5.12',
    });
    expect(explainMissingCall(step, '5.12')?.hint).toContain('filter');
    expect(explainMissingCall(step, '6.1.0')?.hint).toContain('filter');
    expect(explainMissingCall({ op: 'setsid' }, '4.4')).toBeUndefined();
    const plan: Plan = { programs: [{ name: 'init', steps: [step] }] };
    expect(explainFailure(failed(0, 38, '/proc/sys'), plan).message).toContain('no mount_setattr');
  });

  test('outside of a plan, or of a step nobody knows, still say what they know', () => {
    expect(explainFailure(failed(undefined, 12, '/x'), PLAN).message).toBe('run the launcher: /x: ENOMEM');
    expect(explainFailure(failed(99, 1), PLAN).kind).toBe('denied');
    expect(explainFailure(failed(undefined, 2, '', 'seal the launcher'), PLAN).message).toBe(
      'run the launcher: seal the launcher: ENOENT',
    );
  });
});

describe('a printed plan', () => {
  test('shows every step with its number over the whole plan, its fields and its origin', () => {
    const lines = printPlan(PLAN).split('\n');
    expect(lines[0]).toBe('program main (1 steps)');
    expect(lines[1]).toMatch(/^ {4}0 {2}mkdir path=\/cg\/x mode=0755 +# linux\.cgroupsPath$/);
    expect(lines.find((line) => line.includes('caps'))).toContain('effective=CAP_KILL');
    expect(lines.find((line) => line.includes('caps'))).toContain('(on error: warn)');
    expect(lines.find((line) => line.includes('exec'))).toContain('argv=[app, "a b"]');
  });

  test('is plain data as JSON', () => {
    const json = planAsJson(PLAN) as { programs: { steps: { permitted?: string }[] }[] };
    expect(json.programs[1]?.steps[2]?.permitted).toBe('32');
    const filter = planAsJson({
      programs: [{ name: 'x', steps: [{ op: 'seccomp', filter: new Uint8Array([1, 2]) }] }],
    });
    expect(filter).toEqual({
      programs: [{ name: 'x', steps: [{ op: 'seccomp', filter: { bytes: 2, base64: 'AQI=' } }] }],
    });
  });
});
