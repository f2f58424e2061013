/** Profiles to compare compilers with, from a seed. */
import type { SeccompArgument, SeccompProfile, SeccompRule } from '#runtime/spec/spec.ts';

export type Random = (below: number) => number;

/** The same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = BigInt(seed) * 2n + 1n;
  return (below) => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number((state >> 33n) % BigInt(below));
  };
}

const OPERATORS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];
const ACTIONS = ['ALLOW', 'ERRNO', 'KILL', 'KILL_PROCESS', 'KILL_THREAD', 'TRAP', 'TRACE', 'LOG'];
const VALUES = [0, 1, 2, 40, 0xff, 0x10000, 0x7fff_ffff, 0xffff_ffff, 0x1_0000_0000, 0x1_2345_6789, 2 ** 52];

const one = <T>(random: Random, from: readonly T[]): T => from[random(from.length)] as T;

function argument(random: Random, index: number): SeccompArgument {
  const op = `SCMP_CMP_${one(random, OPERATORS)}`;
  const value = random(3) === 0 ? random(0x7fff_ffff) : one(random, VALUES);
  // What is compared must lie inside of the mask: nothing else can ever be equal.
  return op.endsWith('MASKED_EQ')
    ? { index, op, value, valueTwo: Number(BigInt(value) & 0xff01n) }
    : { index, op, value };
}

/** One rule, and further ones for the same calls. */
function rules(random: Random, names: string[], fallback: string, conditions: boolean): SeccompRule[] {
  const action = `SCMP_ACT_${one(
    random,
    ACTIONS.filter((name) => name !== fallback),
  )}`;
  const errno = action.endsWith('ERRNO') ? { errnoRet: 2 + random(200) } : {};
  return conditions
    ? alternatives(random).map((args) => ({ names, action, ...errno, args }))
    : [{ names, action, ...errno }];
}

/**
 * Conditions as profiles have them: one, one on each of several arguments, or some values of one argument. Of ranges of
 * one argument that overlap libseccomp makes filters that do not do what was asked; compile.test.ts has those.
 */
function alternatives(random: Random): SeccompArgument[][] {
  const index = random(6);
  const first = argument(random, index);
  switch (random(4)) {
    case 0:
      return [[first, argument(random, (index + 1 + random(5)) % 6)]];
    case 1:
      return VALUES.slice(random(4), 4 + random(7)).map((value) => [{ index, op: 'SCMP_CMP_EQ', value }]);
    case 2: {
      const values = VALUES.slice(random(3), 3 + random(8));
      return [values.map((value) => ({ index, op: 'SCMP_CMP_EQ', value }))];
    }
    default:
      return [[first]];
  }
}

export interface Choice {
  /** How many calls of ten are named. */
  density: number;
  /** How many rules of ten have conditions. */
  conditions: number;
}

export function randomProfile(random: Random, names: readonly string[], choice: Choice): SeccompProfile {
  const fallback = one(random, ['ERRNO', 'ALLOW', 'KILL_PROCESS', 'LOG', 'TRACE']);
  const syscalls: SeccompRule[] = [];
  let group: string[] = [];
  for (const name of names) {
    if (random(10) >= choice.density) continue;
    group.push(name);
    if (random(3) > 0) continue;
    syscalls.push(...rules(random, group, fallback, random(10) < choice.conditions));
    group = [];
  }
  return { defaultAction: `SCMP_ACT_${fallback}`, syscalls };
}

/** Arguments around what the profile compares with. */
export function interestingArguments(profile: SeccompProfile): bigint[] {
  const values = new Set<bigint>([0n, 1n, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn]);
  for (const { args } of profile.syscalls ?? []) {
    for (const { value, valueTwo } of args ?? []) {
      for (const delta of [-1n, 0n, 1n]) values.add(BigInt.asUintN(64, BigInt(value) + delta));
      values.add(BigInt(valueTwo ?? 0));
    }
  }
  return [...values];
}
