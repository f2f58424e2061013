import { Fault } from '#base/fault.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { OnError } from './plan.ts';
import type { FieldSpec, FieldType, StepSpec } from './step-spec.ts';

const NO_SLOT = 0xffffffff;
const ON_ERROR: Record<OnError, number> = { fail: 0, warn: 1, ignore: 2, missing: 3 };

/** Numbers of names, given out in order of first use. */
export class Names {
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

export interface Context {
  slots: Names;
  programs: Map<string, number>;
  text: 'utf8' | 'latin1';
}

type Write = (out: ByteWriter, value: unknown, at: Context) => void;

const WRITERS: Readonly<Record<FieldType, Write>> = {
  u32: (out, value) => out.u32(value as number),
  u64: (out, value) => (typeof value === 'number' ? out.u64Number(value) : out.u64(value as bigint)),
  slot: (out, value, at) => out.u32(at.slots.number(value as string)),
  program: (out, value, at) => out.u32(programNumber(at, value as string)),
  str: (out, value, at) => out.text(value as string, at.text),
  strs: (out, value, at) => out.texts(value as readonly string[], at.text),
  bytes: (out, value) => out.bytes(value as Uint8Array),
  u32s: (out, value) => {
    const list = value as readonly number[];
    out.u32(list.length);
    for (const item of list) out.u32(item);
  },
};

/** A field that was left out: 0, "" or an empty list, which is so many zero bytes; a slot or a program is none. */
const ABSENT_SIZE: Readonly<Record<FieldType, number>> = {
  u32: 4,
  u64: 8,
  slot: 0,
  program: 0,
  str: 5,
  strs: 4,
  bytes: 4,
  u32s: 4,
};

function programNumber(at: Context, name: string): number {
  const number = at.programs.get(name);
  if (number === undefined) throw new Fault('internal', `Encode plan: no program is called "${name}"`);
  return number;
}

interface FieldWriter {
  name: string;
  write: Write;
  optional: boolean;
  absentSize: number;
}

/** Per step, made at its first use: most plans use few kinds of steps, each many times. */
const fieldWriters = new Map<StepSpec, readonly FieldWriter[]>();

function writersOf(spec: StepSpec): readonly FieldWriter[] {
  const known = fieldWriters.get(spec);
  if (known !== undefined) return known;
  const made = Object.entries<FieldSpec>(spec.fields).map(([name, fieldSpec]): FieldWriter => {
    const optional = fieldSpec.endsWith('?');
    const type = (optional ? fieldSpec.slice(0, -1) : fieldSpec) as FieldType;
    return { name, write: WRITERS[type], optional, absentSize: ABSENT_SIZE[type] };
  });
  fieldWriters.set(spec, made);
  return made;
}

/** Head, size and fields of one step. Throws `internal` for a step without a field that it has to have. */
export function encodeStep(
  out: ByteWriter,
  spec: StepSpec,
  step: Record<string, unknown>,
  onError: OnError,
  at: Context,
): void {
  out.u32(spec.code | (ON_ERROR[onError] << 16));
  const sizeAt = out.beginSized();
  for (const field of writersOf(spec)) {
    const value = step[field.name];
    if (value !== undefined) field.write(out, value, at);
    else if (!field.optional) {
      throw new Fault('internal', `Encode step ${String(step['op'])}: field "${field.name}" is missing`);
    } else if (field.absentSize > 0) out.zeros(field.absentSize);
    else out.u32(NO_SLOT);
  }
  out.endSized(sizeAt);
}
