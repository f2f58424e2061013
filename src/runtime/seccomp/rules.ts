import type { SeccompProfile, SeccompRule } from '#runtime/spec/spec.ts';
import { returnValue } from './actions.ts';
import { condition, type Condition } from './condition.ts';
import { multiplexed } from './multiplexed.ts';

/** Conditions that must all hold, and what the call gets then. */
export interface Case {
  conditions: readonly Condition[];
  action: number;
}

/** What one system call gets: without conditions, or the first case that holds. */
export type Verdict = { always: number } | { cases: Case[] };

export interface Rules {
  verdicts: ReadonlyMap<number, Verdict>;
  /** The greatest number that a rule names, -1 without any. */
  newest: number;
}

/**
 * The rules of a profile by number, as runc hands them to libseccomp: names that the architecture does not have are
 * skipped, as profiles name the calls of all; rules that do what is the default anyway are skipped; a rule without
 * conditions counts before all with.
 */
export function rulesOf(profile: SeccompProfile, table: ReadonlyMap<string, number>, fallback: number): Rules {
  const verdicts = new Map<number, Verdict>();
  let newest = -1;
  for (const rule of profile.syscalls ?? []) {
    const action = returnValue(rule.action, rule.errnoRet);
    const cases = casesOf(rule, action);
    for (const name of rule.names) {
      const number = table.get(name);
      if (number !== undefined && number > newest) newest = number;
      if (action === fallback) continue;
      if (number !== undefined) add(verdicts, number, cases, action);
      const through = multiplexed(name, table);
      if (through !== undefined) add(verdicts, through.number, throughAnother(cases, through.first, action), action);
    }
  }
  return { verdicts, newest };
}

/** Several conditions on one argument are alternatives, and so are all others of that rule: what runc makes of them. */
function casesOf({ args }: SeccompRule, action: number): Case[] {
  const conditions = (args ?? []).map(condition);
  if (conditions.length === 0) return [];
  const indexes = new Set(conditions.map((one) => one.index));
  if (indexes.size === conditions.length) return [{ conditions, action }];
  return conditions.map((one) => ({ conditions: [one], action }));
}

function throughAnother(cases: readonly Case[], first: number, action: number): Case[] {
  const isIt = condition({ index: 0, op: 'SCMP_CMP_EQ', value: first });
  if (cases.length === 0) return [{ conditions: [isIt], action }];
  return cases.map(({ conditions }) => ({
    conditions: [isIt, ...conditions.filter((one) => one.index !== 0)],
    action,
  }));
}

function add(verdicts: Map<number, Verdict>, number: number, cases: readonly Case[], action: number): void {
  const known = verdicts.get(number);
  if (known !== undefined && 'always' in known) return;
  if (cases.length === 0) verdicts.set(number, { always: action });
  else if (known === undefined) verdicts.set(number, { cases: [...cases] });
  else known.cases.push(...cases);
}
