import { Fault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { SeccompProfile } from '#runtime/spec/spec.ts';
import { ALLOW, ERRNO_ENOSYS, isPermissive, KILL_PROCESS, NOTIFY, returnValue } from './actions.ts';
import { FAMILIES, X32_BIT, type Architecture } from './architectures.ts';
import { Assembler, BPF } from './assembler.ts';
import { decideCondition, given, placeOf, type Condition, type Place } from './condition.ts';
import { Decisions, EVERY_BIT, type Node, type Test } from './decision.ts';
import { Emitter } from './emit.ts';
import { filterFlags } from './flags.ts';
import { rulesOf, type Case, type Verdict } from './rules.ts';
import { searchNumbers } from './search.ts';
import { syscallTable } from './syscall-table.ts';

export interface CompiledSeccomp {
  /** Array of struct sock_filter; empty when the profile allows everything. */
  program: Uint8Array;
  /** SECCOMP_FILTER_FLAG_*. */
  flags: number;
  /** Some calls wait for the word of who holds the filter's listener. */
  notifies: boolean;
}

const NUMBER_AT = 0;
const ARCHITECTURE_AT = 4;
const FIELD = 'linux.seccomp.syscalls';
/** More cannot fit into a filter. */
const MOST_CASES = 2048;

/** The profile as a filter for this machine. */
export function compileSeccomp(profile: SeccompProfile, arch: HostFacts['arch']): CompiledSeccomp {
  const fallback = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const rules = profile.syscalls ?? [];
  const notifies = rules.some((rule) => returnValue(rule.action, rule.errnoRet) === NOTIFY);
  const flags = filterFlags(profile.flags, notifies);
  if (fallback === ALLOW && rules.length === 0) return { program: new Uint8Array(0), flags: 0, notifies };
  return { program: compileFilter(profile, FAMILIES[arch]), flags, notifies };
}

/**
 * `family` is the machine's own architecture and what else it runs, of which the profile names some. Calls of any other
 * kill the process. Calls with a number beyond all that the profile names give ENOSYS unless the default lets them
 * pass, so that newer C libraries fall back to what they used before.
 */
export function compileFilter(profile: SeccompProfile, family: readonly [Architecture, ...Architecture[]]): Uint8Array {
  const [native, ...companions] = family;
  const named = companions.filter(({ name }) => profile.architectures?.includes(name));
  const decisions = new Decisions();
  let decision: Node = KILL_PROCESS;
  for (const one of named.filter(({ audit }) => audit !== native.audit)) {
    decision = ofArchitecture(one, decide(profile, one, decisions), decision);
  }
  let own = decide(profile, native, decisions);
  if (companions.some(isX32)) {
    const x32 = named.find(isX32);
    own = test(NUMBER_AT, BPF.jumpGreaterEqual, X32_BIT, x32 ? decide(profile, x32, decisions) : ERRNO_ENOSYS, own);
  }
  const out = new Assembler();
  new Emitter(out).emit(ofArchitecture(native, own, decision));
  return out.finish();
}

function isX32({ base }: Architecture): boolean {
  return base === X32_BIT;
}

function ofArchitecture({ audit }: Architecture, own: Node, others: Node): Test {
  return test(ARCHITECTURE_AT, BPF.jumpEqual, audit, own, others);
}

/** A question on the call itself; those on its arguments are made by `Decisions`. */
function test(at: number, code: number, value: number, yes: Node, no: Node): Test {
  return { at, mask: EVERY_BIT, code, value, yes, no };
}

function decide(profile: SeccompProfile, architecture: Architecture, decisions: Decisions): Node {
  const fallback = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const { verdicts, newest } = rulesOf(profile, syscallTable(architecture), fallback);
  const nodes = [...verdicts]
    .toSorted(([a], [b]) => a - b)
    .map(([number, verdict]) => [number, decideVerdict(verdict, fallback, architecture, decisions)] as const);
  const beyond = isPermissive(profile.defaultAction) ? fallback : ERRNO_ENOSYS;
  return searchNumbers({ nodes, others: fallback, end: newest + 1, beyond });
}

function decideVerdict(verdict: Verdict, fallback: number, architecture: Architecture, decisions: Decisions): Node {
  if ('always' in verdict) return verdict.always;
  if (verdict.cases.length > MOST_CASES) {
    throw new Fault('exhausted', `linux.seccomp: more than ${MOST_CASES} conditions on one system call`, {
      field: FIELD,
    });
  }
  let next: Node = fallback;
  for (const one of verdict.cases.toReversed()) next = decideCase(one, next, architecture, decisions);
  return next;
}

/** `otherwise` goes on with the next case. */
function decideCase({ conditions, action }: Case, otherwise: Node, architecture: Architecture, out: Decisions): Node {
  const steps: { one: Condition; place: Place; no: Node }[] = [];
  let no = otherwise;
  for (const one of conditions) {
    const place = placeOf(one.index, architecture);
    steps.push({ one, place, no });
    no = given(no, one, place);
  }
  let yes: Node = action;
  for (const step of steps.toReversed()) yes = decideCondition(out, step.one, step.place, yes, step.no);
  return yes;
}
