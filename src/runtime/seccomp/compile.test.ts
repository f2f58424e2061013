import { describe, expect, test } from 'bun:test';
import type { SeccompArgument, SeccompProfile } from '#runtime/spec/spec.ts';
import { returnValue } from './actions.ts';
import { runFilter } from './bpf-machine.fixture.ts';
import { compileSeccomp } from './compile.ts';
import { defaultSeccompProfile } from './default-profile.ts';
import { syscallTable, type Abi } from './syscall-table.ts';

const AUDIT = { 'x86-64': 0xc000003e, i386: 0x40000003, arm64: 0xc00000b7 } as const;
const TABLES = { 'x86-64': syscallTable('x86-64'), i386: syscallTable('i386'), arm64: syscallTable('arm64') };
const KILL = 0x80000000;
const ALLOW = 0x7fff0000;
const ENOSYS = 0x00050026;
const EPERM = 0x00050001;

/** The profile by its words, without a filter: the first rule that matches decides. */
function evaluate(profile: SeccompProfile, abi: Abi, nr: number, args: readonly bigint[]): number {
  const table = TABLES[abi];
  const fallback = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  for (const rule of profile.syscalls ?? []) {
    const names = rule.names.some((candidate) => table.get(candidate) === nr);
    if (names && (rule.args ?? []).every((arg) => holds(arg, args))) return returnValue(rule.action, rule.errnoRet);
  }
  const isNew = nr > Math.max(...table.values());
  return isNew && fallback >>> 16 === 5 ? ENOSYS : fallback;
}

function holds({ index, op, value, valueTwo }: SeccompArgument, args: readonly bigint[]): boolean {
  const arg = args[index] ?? 0n;
  const wanted = BigInt(value);
  const operators: Record<string, boolean> = {
    SCMP_CMP_EQ: arg === wanted,
    SCMP_CMP_NE: arg !== wanted,
    SCMP_CMP_LT: arg < wanted,
    SCMP_CMP_LE: arg <= wanted,
    SCMP_CMP_GT: arg > wanted,
    SCMP_CMP_GE: arg >= wanted,
    SCMP_CMP_MASKED_EQ: (arg & wanted) === BigInt(valueTwo ?? 0),
  };
  return operators[op] ?? false;
}

/** A small generator with a fixed seed, so that a failure can be repeated. */
function numbers(seed: number): () => bigint {
  let state = BigInt(seed) | 1n;
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    const small = (state >> 60n) % 4n;
    return small === 0n ? (state >> 40n) & 0xffn : small === 1n ? (state >> 20n) & 0xffff_ffffn : state;
  };
}

function compareAll(profile: SeccompProfile, arch: 'x86-64' | 'arm64', abi: Abi, interesting: readonly bigint[]): void {
  const { program } = compileSeccomp(profile, arch);
  const next = numbers(7);
  for (let nr = 0; nr < 520; nr++) {
    const tries = [0n, ...interesting, next(), next(), next()];
    for (const first of tries) {
      const args = [first, next(), first, next(), first, next()];
      const got = runFilter(program, { arch: AUDIT[abi], nr, args });
      if (got !== evaluate(profile, abi, nr, args)) {
        throw new Error(`${abi} call ${nr} with ${args.join(' ')}: 0x${got.toString(16)}`);
      }
    }
  }
}

describe('a compiled filter decides as its profile says', () => {
  test('for every call of the default profile, on each ABI', () => {
    const interesting = [40n, 38n, 0x7e020000n, 0x20000n, 8n, 0xffffffffn, 0x11n, 0x10000000n];
    for (const capabilities of [[], ['CAP_SYS_ADMIN', 'CAP_SYSLOG', 'CAP_SYS_PTRACE']]) {
      const profile = defaultSeccompProfile(capabilities);
      compareAll(profile, 'x86-64', 'x86-64', interesting);
      compareAll(profile, 'x86-64', 'i386', interesting);
      compareAll(profile, 'arm64', 'arm64', interesting);
    }
  });

  test('for every comparison, around its value', () => {
    const value = 0x1_2345_6789;
    const around = [-1n, 0n, 1n, 0x1_0000_0000n, -0x1_0000_0000n].map((delta) => BigInt(value) + delta);
    for (const op of ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ']) {
      const args = [{ index: 2, op: `SCMP_CMP_${op}`, value, valueTwo: 0x1_0000_0001 }];
      const syscalls = [{ names: ['read', 'kill', 'openat'], action: 'SCMP_ACT_ALLOW', args }];
      compareAll({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, 'x86-64', 'x86-64', [...around, 0x1_0000_0001n]);
    }
  });

  test('when conditions must all hold, and rules follow one another', () => {
    const profile: SeccompProfile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        {
          names: ['ioctl'],
          action: 'SCMP_ACT_ERRNO',
          errnoRet: 13,
          args: [
            { index: 0, op: 'SCMP_CMP_GT', value: 9 },
            { index: 2, op: 'SCMP_CMP_LT', value: 100 },
          ],
        },
        { names: ['ioctl'], action: 'SCMP_ACT_LOG', args: [{ index: 0, op: 'SCMP_CMP_EQ', value: 5 }] },
        { names: ['ioctl'], action: 'SCMP_ACT_TRAP' },
        { names: ['ioctl'], action: 'SCMP_ACT_KILL' },
        { names: ['ptrace'], action: 'SCMP_ACT_KILL_PROCESS' },
        { names: ['reboot'], action: 'SCMP_ACT_TRACE', errnoRet: 7 },
      ],
    };
    compareAll(profile, 'x86-64', 'x86-64', [5n, 9n, 10n, 99n, 100n]);
  });
});

describe('calls outside of the profile', () => {
  const profile: SeccompProfile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86_64'],
    syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }],
  };
  const run = (arch: number, nr: number): number =>
    runFilter(compileSeccomp(profile, 'x86-64').program, { arch, nr, args: [] });

  test('of an architecture that is not named kill the process', () => {
    expect(run(AUDIT.i386, 3)).toBe(KILL);
    expect(run(AUDIT.arm64, 63)).toBe(KILL);
  });

  test('of the x32 ABI do not pass, even with an allowed number', () => {
    expect(run(AUDIT['x86-64'], 0)).toBe(ALLOW);
    expect(run(AUDIT['x86-64'], 0x40000000)).toBe(ENOSYS);
  });

  test('that are newer than the table give ENOSYS, known ones the default', () => {
    expect(run(AUDIT['x86-64'], 2000)).toBe(ENOSYS);
    expect(run(AUDIT['x86-64'], 1)).toBe(EPERM);
  });
});

test('the default profile keeps namespaces, kernel modules and mounts from a plain container', () => {
  const { program } = compileSeccomp(defaultSeccompProfile([]), 'x86-64');
  const table = syscallTable('x86-64');
  const run = (name: string, ...args: bigint[]): number =>
    runFilter(program, { arch: AUDIT['x86-64'], nr: table.get(name) ?? -1, args });
  for (const name of ['mount', 'unshare', 'setns', 'init_module', 'bpf', 'kexec_load', 'keyctl', 'io_uring_setup']) {
    expect([name, run(name)]).toEqual([name, EPERM]);
  }
  expect(run('clone', 0x10000000n)).toBe(EPERM);
  expect(run('clone', 0x11n)).toBe(ALLOW);
  expect(run('clone3')).toBe(ENOSYS);
  expect(run('socket', 40n)).toBe(EPERM);
  expect(run('socket', 2n)).toBe(ALLOW);
});

test('every name of the default profile is a call of some architecture', () => {
  const known = new Set((['x86-64', 'i386', 'arm64'] as const).flatMap((abi) => [...syscallTable(abi).keys()]));
  const everything = defaultSeccompProfile([
    'CAP_SYS_ADMIN',
    'CAP_SYS_BOOT',
    'CAP_SYS_CHROOT',
    'CAP_SYS_MODULE',
    'CAP_SYS_PACCT',
    'CAP_SYS_PTRACE',
    'CAP_SYS_RAWIO',
    'CAP_SYS_TIME',
    'CAP_SYS_TTY_CONFIG',
    'CAP_SYS_NICE',
    'CAP_SYSLOG',
    'CAP_DAC_READ_SEARCH',
  ]);
  const names = (everything.syscalls ?? []).flatMap((rule) => rule.names);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
});

test('a profile that allows everything needs no filter', () => {
  expect(compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW' }, 'x86-64').program.length).toBe(0);
});

test('a filter flag that needs a listener is refused', () => {
  const profile = { defaultAction: 'SCMP_ACT_ERRNO', flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'] };
  expect(() => compileSeccomp(profile, 'x86-64')).toThrow('WAIT_KILLABLE_RECV');
});
