import type { SeccompArgument } from '#runtime/spec/spec.ts';
import type { Architecture } from './architectures.ts';
import { BPF } from './assembler.ts';
import { assume, EVERY_BIT, type Decisions, type Node, type Question } from './decision.ts';

/** One comparison of a 64-bit argument with constants, in halves of 32 bits. */
export interface Condition {
  index: number;
  op: string;
  high: number;
  low: number;
  /** For MASKED_EQ: what the masked argument must be. */
  wantedHigh: number;
  wantedLow: number;
}

const MOST = 0xffff_ffff_ffff_ffffn;

export function condition({ index, op, value, valueTwo }: SeccompArgument): Condition {
  const [high, low] = halves(value ?? 0);
  const [wantedHigh, wantedLow] = halves(valueTwo ?? 0);
  return { index, op, high, low, wantedHigh, wantedLow };
}

/** JSON.parse rounds the greatest values up to 2^64. */
function halves(value: number): [number, number] {
  const whole = BigInt(value);
  const kept = whole > MOST ? MOST : whole;
  return [Number(kept >> 32n), Number(kept & 0xffff_ffffn)];
}

/** Where the halves of an argument are in struct seccomp_data; `high` is absent where arguments have 32 bits. */
export interface Place {
  low: number;
  high: number | undefined;
}

export function placeOf(index: number, { bits, bigEndian = false }: Architecture): Place {
  const at = 16 + 8 * index;
  const high = bigEndian ? at : at + 4;
  return { low: bigEndian ? at + 4 : at, high: bits === 32 ? undefined : high };
}

type Decide = (out: Decisions, it: Condition, place: Place, yes: Node, no: Node) => Node;

const question = (at: number, code: number, value: number, mask = EVERY_BIT): Question => ({ at, mask, code, value });

const equal: Decide = (out, { high, low }, place, yes, no) =>
  both(out, question(place.low, BPF.jumpEqual, low), high, EVERY_BIT, place, yes, no);

const maskedEqual: Decide = (out, { high, low, wantedHigh, wantedLow }, place, yes, no) =>
  both(out, question(place.low, BPF.jumpEqual, wantedLow, low), wantedHigh, high, place, yes, no);

function both(out: Decisions, low: Question, high: number, highMask: number, place: Place, yes: Node, no: Node): Node {
  if (place.high === undefined || (highMask === 0 && high === 0)) return out.ask(low, yes, no);
  const first = question(place.high, BPF.jumpEqual, high, highMask);
  return out.ask(first, out.ask(low, assume(yes, first, true), assume(no, first, true)), no);
}

const greater =
  (code: number): Decide =>
  (out, { high, low }, place, yes, no) => {
    const lowTest = question(place.low, code, low);
    if (place.high === undefined) return out.ask(lowTest, yes, no);
    const same = question(place.high, BPF.jumpEqual, high);
    const lowHalf = out.ask(lowTest, assume(yes, same, true), assume(no, same, true));
    if (high === 0) return out.ask(same, lowHalf, yes);
    return out.ask(question(place.high, BPF.jumpGreater, high), yes, out.ask(same, lowHalf, no));
  };

const greaterThan = greater(BPF.jumpGreater);
const greaterOrEqual = greater(BPF.jumpGreaterEqual);
const not =
  (decide: Decide): Decide =>
  (out, it, place, yes, no) =>
    decide(out, it, place, no, yes);

const OPERATORS: Readonly<Record<string, Decide>> = {
  SCMP_CMP_EQ: equal,
  SCMP_CMP_NE: not(equal),
  SCMP_CMP_GT: greaterThan,
  SCMP_CMP_GE: greaterOrEqual,
  SCMP_CMP_LT: not(greaterOrEqual),
  SCMP_CMP_LE: not(greaterThan),
  SCMP_CMP_MASKED_EQ: maskedEqual,
};

/** The decision that goes on at `yes` when the condition holds, else at `no`. */
export function decideCondition(out: Decisions, it: Condition, place: Place, yes: Node, no: Node): Node {
  return (OPERATORS[it.op] ?? equal)(out, it, place, yes, no);
}

/** What is left of `node` where the condition is known to hold. */
export function given(node: Node, { op, high, low }: Condition, place: Place): Node {
  if (op !== 'SCMP_CMP_EQ') return node;
  const sameHigh = place.high === undefined ? node : assume(node, question(place.high, BPF.jumpEqual, high), true);
  return assume(sameHigh, question(place.low, BPF.jumpEqual, low), true);
}
