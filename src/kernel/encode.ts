import { Fault } from '#base/fault.ts';
import type { FileStep, OnError, Plan, Program, Step } from './plan.ts';
import { FILE_STEPS } from './file-steps.ts';
import type { FieldSpec, FieldType, StepSpec } from './step-spec.ts';
import { PLAN_VERSION, STEPS } from './steps.ts';
import { ByteWriter } from './byte-writer.ts';
import { putRecord } from './fields.ts';

export const PLAN_MAGIC = 0x4e504d53; // "SMPN" in little-endian order
export const FILE_STREAM_MAGIC = 0x4e504d46; // "FMPN"
/** Most plans need no more; the buffer grows for one that does. */
const PLAN_ROOM = 16 * 1024;
const NO_SLOT = 0xffffffff;
const ON_ERROR: Record<OnError, number> = { fail: 0, warn: 1, ignore: 2, missing: 3 };

/** Numbers of names, given out in order of first use. */
class Names {
  readonly #numbers = new Map<string, number>();
  constructor(initial: readonly string[]) {
    for (const name of initial) this.number(name);
  }
  get size(): number {
    return this.#numbers.size;
  }
  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

interface Context {
  slots: Names;
  programs: Map<string, number>;
  text: 'utf8' | 'latin1';
}

/** The letter by which a field is written (fields.ts), and what stands for one that was left out. */
const TYPES: Readonly<Record<FieldType, { kind: string; absent: unknown }>> = {
  u32: { kind: 'i', absent: 0 },
  u64: { kind: 'l', absent: 0 },
  slot: { kind: 'i', absent: NO_SLOT },
  program: { kind: 'i', absent: NO_SLOT },
  str: { kind: 't', absent: '' },
  strs: { kind: 'T', absent: [] },
  bytes: { kind: 'b', absent: new Uint8Array() },
  u32s: { kind: 'I', absent: [] },
};

function programNumber(at: Context, name: string): number {
  const number = at.programs.get(name);
  if (number === undefined) throw new Fault('internal', `Encode plan: no program is called "${name}"`);
  return number;
}

interface Shape {
  kinds: string;
  names: readonly string[];
  /** By the same places: what stands for a field that is left out, undefined where none may be. */
  absent: readonly unknown[];
  /** Those whose names the plan numbers. */
  numbered: readonly ('slot' | 'program' | undefined)[];
}

/** Per step, made at its first use: most plans use few kinds of steps, each many times. */
const shapes = new Map<StepSpec, Shape>();

function shapeOf(spec: StepSpec): Shape {
  const known = shapes.get(spec);
  if (known !== undefined) return known;
  const fields = Object.entries<FieldSpec>(spec.fields).map(([name, field]) => {
    const optional = field.endsWith('?');
    const type = (optional ? field.slice(0, -1) : field) as FieldType;
    return { name, type, optional };
  });
  const shape: Shape = {
    kinds: fields.map(({ type }) => TYPES[type].kind).join(''),
    names: fields.map(({ name }) => name),
    absent: fields.map(({ type, optional }) => (optional ? TYPES[type].absent : undefined)),
    numbered: fields.map(({ type }) => (type === 'slot' || type === 'program' ? type : undefined)),
  };
  shapes.set(spec, shape);
  return shape;
}

/** The values of the fields in order. Plain loops: on the front's engine this is what encoding costs. */
function valuesOf({ names, absent, numbered }: Shape, step: Record<string, unknown>, at: Context): unknown[] {
  const values: unknown[] = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? '';
    let value = step[name] ?? absent[i];
    if (value === undefined)
      throw new Fault('internal', `Encode step ${String(step['op'])}: field "${name}" is missing`);
    const kind = numbered[i];
    if (kind !== undefined && typeof value === 'string') {
      value = kind === 'slot' ? at.slots.number(value) : programNumber(at, value);
    }
    values[i] = value;
  }
  return values;
}

function encodeStep(
  out: ByteWriter,
  spec: StepSpec,
  step: Record<string, unknown>,
  onError: OnError,
  at: Context,
): void {
  const shape = shapeOf(spec);
  const values = valuesOf(shape, step, at);
  putRecord(out, spec.code | (ON_ERROR[onError] << 16), shape.kinds, values, at.text);
}

/**
 * The plan in the launcher's format (docs/plan.md): header, program table, then all steps, program by program.
 * Throws `internal` for a plan that no lowering should have made, such as a clone of an unknown program.
 */
export function encodePlan(plan: Plan, out = new ByteWriter(PLAN_ROOM)): Uint8Array<ArrayBuffer> {
  const slots = new Names(plan.inherited ?? []);
  const programs = new Map(plan.programs.map((program, index) => [program.name, index]));
  const at: Context = { slots, programs, text: 'utf8' };
  out.u32(PLAN_MAGIC);
  out.u16(PLAN_VERSION);
  out.u16(plan.programs.length);
  const slotCountAt = out.reserveU32();
  out.u32(plan.inherited?.length ?? 0);
  out.u32(stepCount(plan.programs));
  const lengthAt = out.reserveU32();
  for (const program of plan.programs) out.u32(program.steps.length);
  for (const program of plan.programs) {
    for (const step of program.steps) encodeStep(out, STEPS[step.op], step, step.onError ?? 'fail', at);
  }
  out.patchU32(slotCountAt, slots.size);
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
  out.u16(ON_ERROR.fail);
  out.u32(12 + length);
  out.u64(BigInt(offset));
  out.u32(length);
}
