import { ByteWriter } from './byte-writer.ts';
import { type Context, encodeStep, Names } from './encode-step.ts';
import { encodeSteps } from './encode-steps.ts';
import { FILE_STEPS } from './file-steps.ts';
import type { FileStep, Plan, Program, Step } from './plan.ts';
import { PLAN_VERSION } from './steps.ts';

export const PLAN_MAGIC = 0x4e504d53; // "SMPN" in little-endian order
export const FILE_STREAM_MAGIC = 0x4e504d46; // "FMPN"
/** Most plans need no more; the buffer grows for one that does. */
const PLAN_ROOM = 16 * 1024;
/**
 * The plan in the launcher's format (docs/plan.md): header, program table, then all steps, program by program.
 * Throws `internal` for a plan that no lowering should have made, such as a clone of an unknown program.
 */
export function encodePlan(plan: Plan, out = new ByteWriter(PLAN_ROOM)): Uint8Array<ArrayBuffer> {
  out.u32(PLAN_MAGIC);
  out.u16(PLAN_VERSION);
  out.u16(plan.programs.length);
  const slotCountAt = out.reserveU32();
  out.u32(plan.inherited?.length ?? 0);
  out.u32(stepCount(plan.programs));
  const lengthAt = out.reserveU32();
  for (const program of plan.programs) out.u32(program.steps.length);
  out.patchU32(slotCountAt, encodeSteps(out, plan));
  out.patchU32(lengthAt, out.length);
  return out.take();
}

function stepCount(programs: readonly Program[]): number {
  let count = 0;
  for (const program of programs) count += program.steps.length;
  return count;
}

/** The step of a plan by the number that the launcher reports (counted over all programs in order). */
export function stepAt(plan: Plan, number: number): { program: string; index: number; step: Step } | undefined {
  let left = number;
  for (const program of plan.programs) {
    const step = program.steps[left];
    if (step !== undefined) return { program: program.name, index: left, step };
    left -= program.steps.length;
  }
  return undefined;
}

/** The head of a file-step stream. */
export function encodeFileStreamHead(): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(8);
  out.u32(FILE_STREAM_MAGIC);
  out.u32(PLAN_VERSION);
  return out.take();
}

const FILE_CONTEXT: Context = { slots: new Names([]), programs: new Map(), text: 'latin1' };

/** Appends one file step to `out`, so that a caller can gather many small ones into one write. */
export function appendFileStep(out: ByteWriter, step: FileStep): void {
  encodeStep(out, FILE_STEPS[step.op], step, 'fail', FILE_CONTEXT);
}

/**
 * Appends a `data` step up to its bytes: `length` bytes must follow in the stream. So that large data need not be
 * copied to be sent.
 */
export function appendDataHead(out: ByteWriter, offset: number, length: number): void {
  out.u16(FILE_STEPS.data.code);
  out.u16(0);
  out.u32(12 + length);
  out.u64(BigInt(offset));
  out.u32(length);
}
