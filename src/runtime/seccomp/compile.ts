import { Fault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { SeccompProfile } from '#runtime/spec/spec.ts';
import { ALLOW, ERRNO_ENOSYS, KILL_PROCESS, returnValue } from './actions.ts';
import { Assembler, BPF, type Label } from './assembler.ts';
import { condition, emitCondition, type Condition } from './condition.ts';
import { syscallTable, type Abi } from './syscall-table.ts';

export interface CompiledSeccomp {
  /** Array of struct sock_filter; empty when the profile allows everything. */
  program: Uint8Array;
  /** SECCOMP_FILTER_FLAG_*. */
  flags: number;
  warnings: string[];
}

/** AUDIT_ARCH_* of linux/audit.h. */
const AUDIT: Readonly<Record<Abi, number>> = { 'x86-64': 0xc000003e, i386: 0x40000003, arm64: 0xc00000b7 };
export const ARCHITECTURES: Readonly<Record<string, Abi>> = {
  SCMP_ARCH_X86_64: 'x86-64',
  SCMP_ARCH_X86: 'i386',
  SCMP_ARCH_AARCH64: 'arm64',
};
/** What else a machine of this architecture can run, given that the profile names it. */
const SECONDARY: Readonly<Record<HostFacts['arch'], readonly Abi[]>> = { 'x86-64': ['i386'], arm64: [] };
const FLAGS: Readonly<Record<string, number>> = {
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
};
/** Numbers from here on belong to the x32 ABI, which no profile can allow here. */
const X32 = 0x4000_0000;
const NR_AT = 0;
const ARCH_AT = 4;

/** What one system call gets: the first case whose conditions all hold, else `otherwise`. */
interface Verdict {
  cases: readonly { conditions: readonly Condition[]; action: number }[];
  otherwise: number;
}

/** A run of system call numbers with one verdict, up to the next segment. */
interface Segment {
  start: number;
  verdict: Verdict;
}

/**
 * The profile as a filter. Rules count in listed order, the first that matches decides. Calls of an architecture
 * that the profile does not name kill the process. When the default is an error, calls that are newer than our table
 * give ENOSYS, so that newer C libraries fall back to what they used before.
 */
export function compileSeccomp(profile: SeccompProfile, arch: HostFacts['arch']): CompiledSeccomp {
  const flags = filterFlags(profile.flags);
  const fallback = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  if (fallback === ALLOW && (profile.syscalls ?? []).length === 0) {
    return { program: new Uint8Array(0), flags: 0, warnings: [] };
  }
  const named = new Set((profile.architectures ?? []).map((name) => ARCHITECTURES[name]));
  const out = new Assembler();
  let other = out.ret(KILL_PROCESS);
  for (const abi of SECONDARY[arch].filter((candidate) => named.has(candidate))) {
    other = out.jump(BPF.jumpEqual, AUDIT[abi], emitAbi(out, profile, abi, fallback), other);
  }
  const native = emitAbi(out, profile, arch, fallback);
  out.load(ARCH_AT, out.jump(BPF.jumpEqual, AUDIT[arch], native, other));
  return { program: out.finish(), flags, warnings: [] };
}

function filterFlags(names: readonly string[] | undefined): number {
  if (names === undefined || names === null) return 0;
  return names.reduce((sum, name) => {
    const flag = FLAGS[name];
    if (flag === undefined) {
      throw new Fault('unsupported', `linux.seccomp.flags: "${name}" is not supported`, {
        field: 'linux.seccomp.flags',
      });
    }
    return sum | flag;
  }, 0);
}

function emitAbi(out: Assembler, profile: SeccompProfile, abi: Abi, fallback: number): Label {
  const segments = segmentsOf(profile, abi, fallback);
  return out.load(NR_AT, emitSearch(out, segments, 0, segments.length));
}

/** The whole number space, in order, neighbours with equal verdicts joined. */
function segmentsOf(profile: SeccompProfile, abi: Abi, fallback: number): Segment[] {
  const table = syscallTable(abi);
  const verdicts = verdictsOf(profile, table, fallback);
  const plain: Verdict = { cases: [], otherwise: fallback };
  let newest = 0;
  for (const number of table.values()) if (number > newest) newest = number;
  const segments: Segment[] = [];
  let last: Verdict | undefined;
  const add = (start: number, verdict: Verdict): void => {
    if (last !== undefined && sameVerdict(last, verdict)) return;
    segments.push({ start, verdict });
    last = verdict;
  };
  for (let number = 0; number <= newest; number++) add(number, verdicts.get(number) ?? plain);
  add(newest + 1, { cases: [], otherwise: isErrno(fallback) ? ERRNO_ENOSYS : fallback });
  if (abi === 'x86-64') add(X32, { cases: [], otherwise: ERRNO_ENOSYS });
  return segments;
}

function isErrno(action: number): boolean {
  return action >>> 16 === 0x0005;
}

function sameVerdict(a: Verdict, b: Verdict): boolean {
  return a === b || (a.cases.length === 0 && b.cases.length === 0 && a.otherwise === b.otherwise);
}

/** By number. Names that this ABI does not have are skipped, as profiles name the calls of every architecture. */
function verdictsOf(
  profile: SeccompProfile,
  table: ReadonlyMap<string, number>,
  fallback: number,
): Map<number, Verdict> {
  const verdicts = new Map<number, Verdict>();
  const decided = new Set<number>();
  for (const rule of profile.syscalls ?? []) {
    const action = returnValue(rule.action, rule.errnoRet);
    const conditions = (rule.args ?? []).map(condition);
    const always: Verdict = { cases: [], otherwise: action };
    for (const name of rule.names) {
      const number = table.get(name);
      if (number === undefined || decided.has(number)) continue;
      const cases = verdicts.get(number)?.cases ?? [];
      if (conditions.length === 0) {
        verdicts.set(number, cases.length === 0 ? always : { cases, otherwise: action });
        decided.add(number);
      } else verdicts.set(number, { cases: [...cases, { conditions, action }], otherwise: fallback });
    }
  }
  return verdicts;
}

/** Balanced binary search over segments [from, to). */
function emitSearch(out: Assembler, segments: readonly Segment[], from: number, to: number): Label {
  const middle = (from + to) >>> 1;
  const at = segments[middle];
  if (at === undefined || to - from === 1) return emitVerdict(out, segments[from]?.verdict);
  const right = emitSearch(out, segments, middle, to);
  const left = emitSearch(out, segments, from, middle);
  return out.jump(BPF.jumpGreaterEqual, at.start, right, left);
}

function emitVerdict(out: Assembler, verdict: Verdict | undefined): Label {
  if (verdict === undefined) return out.ret(KILL_PROCESS);
  let next = out.ret(verdict.otherwise);
  for (const { conditions, action } of verdict.cases.toReversed()) {
    let yes = out.ret(action);
    for (const one of conditions.toReversed()) yes = emitCondition(out, one, yes, next);
    next = yes;
  }
  return next;
}
