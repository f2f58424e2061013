/** The compiler beside libseccomp: for every system call number and many arguments both filters decide alike. */
import { afterAll, describe, expect, test } from 'bun:test';
import { isPermissive } from '#runtime/seccomp/actions.ts';
import { FAMILIES, type Architecture } from '#runtime/seccomp/architectures.ts';
import { runFilter } from '#runtime/seccomp/bpf-machine.fixture.ts';
import { compileFilter } from '#runtime/seccomp/compile.ts';
import { defaultSeccompProfile } from '#runtime/seccomp/default-profile.ts';
import { FOREIGN_ARCHITECTURES } from '#runtime/seccomp/foreign-architectures.ts';
import { syscallTable } from '#runtime/seccomp/syscall-table.ts';
import type { SeccompProfile } from '#runtime/spec/spec.ts';
import { libseccomp } from './libseccomp.ts';
import { interestingArguments, randomProfile, seeded, type Random } from './profiles.ts';

type Family = readonly [Architecture, ...Architecture[]];

const library = libseccomp();
const ENOSYS = 0x00050026;
/** Debian's libseccomp is older than the specification. */
const UNKNOWN_TO_LIBSECCOMP = new Set(['LOONGARCH64', 'M68K', 'SH', 'SHEB'].map((name) => `SCMP_ARCH_${name}`));
const NATIVE = FAMILIES['x86-64'];
/** Calls that both have in their tables: they differ in memfd_secret of s390, and in x32 beyond the headers' last. */
const IN_HEADERS = 450;
const COMMON = [...library.numbers(NATIVE[0], [...syscallTable(NATIVE[0]).keys()])].flatMap(([name, number]) =>
  number > IN_HEADERS || name === 'memfd_secret' ? [] : [name],
);

afterAll(() => library[Symbol.dispose]());

interface Compared {
  profile: SeccompProfile;
  family: Family;
  random: Random;
}

/** The greatest number that the profile names: runc gives ENOSYS beyond it. */
function newestOf({ syscalls }: SeccompProfile, architecture: Architecture): number {
  const table = syscallTable(architecture);
  const names = (syscalls ?? []).flatMap((rule) => rule.names);
  return Math.max(-1, ...names.map((name) => table.get(name) ?? -1));
}

/** Every number with a few arguments each; those that have conditions with many. */
function compareOn(architecture: Architecture, compared: Compared, ours: Uint8Array, theirs: Uint8Array): void {
  const { profile, random } = compared;
  const { audit, bits, base = 0, bigEndian = false, name } = architecture;
  const newest = newestOf(profile, architecture);
  const interesting = interestingArguments(profile).map((value) => BigInt.asUintN(bits, value));
  const pick = (): bigint => interesting[random(interesting.length)] ?? 0n;
  for (let nr = base; nr < base + 620; nr++) {
    for (let round = 0; round < 12; round++) {
      const call = { arch: audit, nr, args: Array.from({ length: 6 }, pick), bigEndian };
      const got = runFilter(ours, call);
      const isNew = nr > newest && !isPermissive(profile.defaultAction);
      const wanted = isNew ? ENOSYS : runFilter(theirs, call);
      if (got === wanted) continue;
      throw new Error(
        `${name} call ${nr} with ${call.args.join(' ')}: 0x${got.toString(16)} for 0x${wanted.toString(16)}`,
      );
    }
  }
}

function compare(compared: Compared): void {
  const { profile, family } = compared;
  const ours = compileFilter(profile, family);
  for (const level of [1, 2] as const) {
    const theirs = library.compile(profile, family, level);
    if (level === 1) {
      const [native, ...others] = family;
      const named = others.filter(({ name }) => profile.architectures?.includes(name));
      for (const one of [native, ...named]) compareOn(one, compared, ours, theirs);
    }
    expect(ours.length).toBeLessThanOrEqual(1.1 * theirs.length);
  }
}

describe('a filter decides as the one that libseccomp makes, and is not much longer', () => {
  const random = seeded(11);
  test('of the default profile, with all capabilities and with none', () => {
    const known = new Set(COMMON);
    for (const capabilities of [[], ['CAP_SYS_ADMIN', 'CAP_SYSLOG', 'CAP_SYS_PTRACE', 'CAP_SYS_TIME']]) {
      const profile = defaultSeccompProfile(capabilities);
      for (const rule of profile.syscalls ?? []) rule.names = rule.names.filter((name) => known.has(name));
      for (const arch of ['x86-64', 'arm64'] as const) {
        compare({
          profile: { ...profile, architectures: FAMILIES[arch].map(({ name }) => name) },
          family: FAMILIES[arch],
          random,
        });
      }
    }
  });
  for (const arch of ['x86-64', 'arm64'] as const) {
    for (let seed = 0; seed < 12; seed++) {
      test(`of random profile ${seed} for ${arch} and what else it runs`, () => {
        const choice = { density: 1 + (seed % 9), conditions: seed % 5 };
        const profile = randomProfile(seeded(100 + seed), COMMON, choice);
        const named = FAMILIES[arch].filter((_, index) => (seed >> index) % 2 === 1).map(({ name }) => name);
        compare({ profile: { ...profile, architectures: named }, family: FAMILIES[arch], random });
      });
    }
  }
  for (const one of FOREIGN_ARCHITECTURES.filter(({ name }) => !UNKNOWN_TO_LIBSECCOMP.has(name))) {
    test(`of random profiles for ${one.name}`, () => {
      for (const conditions of [0, 4]) {
        compare({ profile: randomProfile(random, COMMON, { density: 6, conditions }), family: [one], random });
      }
    });
  }
});
