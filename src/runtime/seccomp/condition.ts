import type { SeccompArgument } from '#runtime/spec/spec.ts';
import { BPF, type Assembler, type Label } from './assembler.ts';

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

/** struct seccomp_data: the arguments start at byte 16, low half first on both architectures. */
const lowAt = (index: number): number => 16 + 8 * index;
const highAt = (index: number): number => 20 + 8 * index;

type Emit = (out: Assembler, it: Condition, yes: Label, no: Label) => Label;

const equal: Emit = (out, { index, high, low }, yes, no) => {
  const lowHalf = out.load(lowAt(index), out.jump(BPF.jumpEqual, low, yes, no));
  return out.load(highAt(index), out.jump(BPF.jumpEqual, high, lowHalf, no));
};

const maskedEqual: Emit = (out, { index, high, low, wantedHigh, wantedLow }, yes, no) => {
  const lowHalf = out.load(lowAt(index), out.and(low, out.jump(BPF.jumpEqual, wantedLow, yes, no)));
  return out.load(highAt(index), out.and(high, out.jump(BPF.jumpEqual, wantedHigh, lowHalf, no)));
};

const greater =
  (lowTest: number): Emit =>
  (out, { index, high, low }, yes, no) => {
    const lowHalf = out.load(lowAt(index), out.jump(lowTest, low, yes, no));
    const sameHigh = out.jump(BPF.jumpEqual, high, lowHalf, no);
    return out.load(highAt(index), out.jump(BPF.jumpGreater, high, yes, sameHigh));
  };

const greaterThan = greater(BPF.jumpGreater);
const greaterOrEqual = greater(BPF.jumpGreaterEqual);
const not =
  (emit: Emit): Emit =>
  (out, it, yes, no) =>
    emit(out, it, no, yes);

const OPERATORS: Readonly<Record<string, Emit>> = {
  SCMP_CMP_EQ: equal,
  SCMP_CMP_NE: not(equal),
  SCMP_CMP_GT: greaterThan,
  SCMP_CMP_GE: greaterOrEqual,
  SCMP_CMP_LT: not(greaterOrEqual),
  SCMP_CMP_LE: not(greaterThan),
  SCMP_CMP_MASKED_EQ: maskedEqual,
};

/** Emits the test; it goes on at `yes` or `no`. */
export function emitCondition(out: Assembler, it: Condition, yes: Label, no: Label): Label {
  return (OPERATORS[it.op] ?? equal)(out, it, yes, no);
}
