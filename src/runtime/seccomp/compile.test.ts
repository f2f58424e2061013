import { describe, expect, test } from 'bun:test';
import type { SeccompArgument, SeccompProfile } from '#runtime/spec/spec.ts';
import { isPermissive, returnValue } from './actions.ts';
import { FAMILIES, type Architecture } from './architectures.ts';
import { runFilter } from './bpf-machine.fixture.ts';
import { compileFilter, compileSeccomp } from './compile.ts';
import { defaultSeccompProfile } from './default-profile.ts';
import { FOREIGN_ARCHITECTURES } from './foreign-architectures.ts';
import { syscallTable } from './syscall-table.ts';

const [X86_64, X86] = FAMILIES['x86-64'] as [Architecture, Architecture];
const [ARM64] = FAMILIES.arm64;
const KILL = 0x80000000;
const ALLOW = 0x7fff0000;
const ENOSYS = 0x00050026;
const EPERM = 0x00050001;

type Verdict = (args: readonly bigint[]) => number;

/** The profile by its words, without a filter: a rule without conditions decides, else the first that matches. */
function evaluate(profile: SeccompProfile, architecture: Architecture): (nr: number) => Verdict {
  const table = syscallTable(architecture);
  const fallback = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const all = (profile.syscalls ?? []).map((rule) => ({
    numbers: rule.names.map((name) => table.get(name) ?? -1),
    args: rule.args ?? [],
    action: returnValue(rule.action, rule.errnoRet),
  }));
  const newest = Math.max(...all.flatMap(({ numbers }) => numbers));
  return (nr) => {
    if (nr > newest) return () => (isPermissive(profile.defaultAction) ? fallback : ENOSYS);
    const rules = all.filter(({ action, numbers }) => action !== fallback && numbers.includes(nr));
    const plain = rules.find(({ args }) => args.length === 0);
    if (plain !== undefined) return () => plain.action;
    return (args) => rules.find((rule) => rule.args.every((arg) => holds(arg, args)))?.action ?? fallback;
  };
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

function compareAll(profile: SeccompProfile, architecture: Architecture, interesting: readonly bigint[]): void {
  const program = compileFilter(profile, [architecture]);
  const next = numbers(7);
  const verdictOf = evaluate(profile, architecture);
  for (let nr = 0; nr < 520; nr++) {
    const verdict = verdictOf(nr);
    const tries = [0n, ...interesting, next(), next(), next()];
    for (const first of tries) {
      const args = [first, next(), first, next(), first, next()];
      const got = runFilter(program, { arch: architecture.audit, nr, args });
      if (got !== verdict(args)) {
        throw new Error(`${architecture.name} call ${nr} with ${args.join(' ')}: 0x${got.toString(16)}`);
      }
    }
  }
}

describe('a compiled filter decides as its profile says', () => {
  test('for every call of the default profile', () => {
    const interesting = [40n, 38n, 0x7e020000n, 0x20000n, 8n, 0xffffffffn, 0x11n, 0x10000000n];
    for (const capabilities of [[], ['CAP_SYS_ADMIN', 'CAP_SYSLOG', 'CAP_SYS_PTRACE']]) {
      const profile = defaultSeccompProfile(capabilities);
      compareAll(profile, X86_64, interesting);
      compareAll(profile, ARM64, interesting);
    }
  });

  test('for every comparison, around its value', () => {
    const value = 0x1_2345_6789;
    const around = [-1n, 0n, 1n, 0x1_0000_0000n, -0x1_0000_0000n].map((delta) => BigInt(value) + delta);
    for (const op of ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ']) {
      const args = [{ index: 2, op: `SCMP_CMP_${op}`, value, valueTwo: 0x1_0000_0001 }];
      const syscalls = [{ names: ['read', 'kill', 'openat'], action: 'SCMP_ACT_ALLOW', args }];
      compareAll({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, X86_64, [...around, 0x1_0000_0001n]);
    }
  });

  test('for ranges of one argument that overlap, in rules with different actions', () => {
    const between = (op: string, value: number, action: string) => ({
      names: ['ioctl', 'read'],
      action: `SCMP_ACT_${action}`,
      args: [{ index: 2, op: `SCMP_CMP_${op}`, value }],
    });
    const syscalls = [
      between('LT', 0, 'TRAP'),
      between('LE', 40, 'ALLOW'),
      between('LT', 0x1_2345_6789, 'TRACE'),
      between('NE', 0x2_0000_0000, 'LOG'),
      between('GT', 3, 'KILL_PROCESS'),
    ];
    const values = [3n, 40n, 41n, 0xffff_ffffn, 0x1_2345_6788n, 0x1_2345_6789n, 0x2_0000_0000n];
    compareAll({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, X86_64, values);
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
        { names: ['kill'], action: 'SCMP_ACT_LOG', args: [{ index: 0, op: 'SCMP_CMP_EQ', value: 5 }] },
        { names: ['kill'], action: 'SCMP_ACT_TRAP' },
        { names: ['kill'], action: 'SCMP_ACT_KILL' },
        { names: ['ptrace'], action: 'SCMP_ACT_KILL_PROCESS' },
        { names: ['reboot'], action: 'SCMP_ACT_TRACE', errnoRet: 7 },
        { names: ['mount'], action: 'SCMP_ACT_NOTIFY' },
      ],
    };
    compareAll(profile, X86_64, [5n, 9n, 10n, 99n, 100n]);
  });

  test('several conditions on one argument are alternatives', () => {
    const args = [5, 7].map((value) => ({ index: 1, op: 'SCMP_CMP_EQ', value }));
    const profile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW', args }],
    };
    const { program } = compileSeccomp(profile, 'x86-64');
    const second = (value: bigint): number => runFilter(program, { arch: X86_64.audit, nr: 0, args: [0n, value] });
    expect([5n, 6n, 7n].map(second)).toEqual([ALLOW, EPERM, ALLOW]);
  });

  test('a denied socket is denied to 32-bit programs that call it by socketcall', () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86'],
      syscalls: [{ names: ['socket'], action: 'SCMP_ACT_ERRNO' }],
    };
    const { program } = compileSeccomp(profile, 'x86-64');
    const socketcall = syscallTable(X86).get('socketcall') ?? -1;
    const run = (first: bigint): number => runFilter(program, { arch: X86.audit, nr: socketcall, args: [first] });
    expect([1n, 2n].map(run)).toEqual([EPERM, ALLOW]);
  });
});

describe('calls outside of the profile', () => {
  const profile: SeccompProfile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86_64'],
    syscalls: [{ names: ['read', 'mseal'], action: 'SCMP_ACT_ALLOW' }],
  };
  const run = (arch: number, nr: number): number =>
    runFilter(compileSeccomp(profile, 'x86-64').program, { arch, nr, args: [] });

  test('of an architecture that is not named kill the process', () => {
    expect(run(X86.audit, 3)).toBe(KILL);
    expect(run(ARM64.audit, 63)).toBe(KILL);
  });

  test('of the x32 ABI do not pass, even with an allowed number', () => {
    expect(run(X86_64.audit, 0)).toBe(ALLOW);
    expect(run(X86_64.audit, 0x40000000)).toBe(ENOSYS);
  });

  test('that are newer than what the profile names give ENOSYS, others the default', () => {
    expect(run(X86_64.audit, 2000)).toBe(ENOSYS);
    expect(run(X86_64.audit, 463)).toBe(ENOSYS);
    expect(run(X86_64.audit, 1)).toBe(EPERM);
  });
});

test('the default profile keeps namespaces, kernel modules and mounts from a plain container', () => {
  const { program } = compileSeccomp(defaultSeccompProfile([]), 'x86-64');
  const table = syscallTable(X86_64);
  const run = (name: string, ...args: bigint[]): number =>
    runFilter(program, { arch: X86_64.audit, nr: table.get(name) ?? -1, args });
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
  const known = new Set([...FAMILIES['x86-64'], ...FAMILIES.arm64].flatMap((one) => [...syscallTable(one).keys()]));
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

test('a filter for a big-endian machine compares the halves of an argument in their order', () => {
  const s390x = FOREIGN_ARCHITECTURES.find(({ name }) => name === 'SCMP_ARCH_S390X') as Architecture;
  const args = [{ index: 0, op: 'SCMP_CMP_EQ', value: 0x1_0000_0002 }];
  const syscalls = [{ names: ['read'], action: 'SCMP_ACT_ALLOW', args }];
  const program = compileFilter({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, [s390x]);
  const run = (first: bigint): number =>
    runFilter(program, { arch: s390x.audit, nr: 3, args: [first], bigEndian: true });
  expect([0x1_0000_0002n, 0x2_0000_0001n].map(run)).toEqual([ALLOW, EPERM]);
});

test('a profile that allows everything needs no filter', () => {
  expect(compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW' }, 'x86-64').program.length).toBe(0);
});

test('flags are those of the kernel; what is for listeners is left out without one', () => {
  const flags = ['LOG', 'SPEC_ALLOW', 'TSYNC', 'WAIT_KILLABLE_RECV'].map((name) => `SECCOMP_FILTER_FLAG_${name}`);
  const compile = (action: string, given = flags) =>
    compileSeccomp(
      { defaultAction: 'SCMP_ACT_ALLOW', flags: given, syscalls: [{ names: ['mount'], action }] },
      'x86-64',
    );
  expect(compile('SCMP_ACT_LOG').flags).toBe(2 | 4);
  expect(compile('SCMP_ACT_NOTIFY').flags).toBe(2 | 4 | 8 | 32);
  expect(() => compile('SCMP_ACT_LOG', ['SECCOMP_FILTER_FLAG_SOON'])).toThrow('SOON');
});

test('a filter that is too long for the kernel is refused by name', () => {
  const args = (value: number) => [{ index: value % 6, op: 'SCMP_CMP_EQ', value: value * 0x1_0000_0001 }];
  const rules = (count: number) =>
    Array.from({ length: count }, (_, value) => ({ names: ['read'], action: 'SCMP_ACT_ALLOW', args: args(value) }));
  for (const count of [2000, 100_000]) {
    const profile = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: rules(count) };
    expect(() => compileSeccomp(profile, 'x86-64')).toThrow('linux.seccomp');
  }
});
