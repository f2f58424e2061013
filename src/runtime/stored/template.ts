import { ByteWriter } from '#kernel/byte-writer.ts';
import { holdsVariable, partsOf, STAND_IN } from './variables.ts';

/** What a template is made of (front/stored_template.c carries it out); a number follows LITERAL and VARIABLE. */
const OP = {
  end: 0,
  literal: 1,
  variable: 2,
  openText: 3,
  closeText: 4,
  openSized: 5,
  closeSized: 6,
  list: 7,
} as const;

/** A place where something is put in between the bytes that were written; `skip` of those are left out. */
interface Cut {
  at: number;
  op: number;
  variable?: number;
  skip?: number;
}

/**
 * Writes as a ByteWriter does, texts that hold a variable as a template: `take` returns the bytes in between, and
 * where which value belongs and which lengths depend on it.
 */
export class TemplateWriter extends ByteWriter {
  #cuts: Cut[] = [];

  override text(value: string, encoding: 'utf8' | 'latin1'): void {
    if (!holdsVariable(value)) return super.text(value, encoding);
    this.#cut(OP.openText);
    for (const part of partsOf(value)) this.#part(part);
    this.#cut(OP.closeText);
  }

  override texts(values: readonly string[], encoding: 'utf8' | 'latin1'): void {
    if (values.length === 1 && values[0] === STAND_IN.arguments) this.#cut(OP.list);
    else super.texts(values, encoding);
  }

  /** A text without its length. */
  raw(value: string): void {
    for (const part of partsOf(value)) this.#part(part);
  }

  override beginSized(): number {
    this.#cuts.push({ at: this.length, op: OP.openSized, skip: 4 });
    return super.beginSized();
  }

  override endSized(at: number): void {
    const last = this.#cuts.at(-1);
    // Nothing in between that could change its size.
    if (last?.at === at && last.op === OP.openSized) {
      this.#cuts.pop();
      super.endSized(at);
    } else {
      this.#cut(OP.closeSized);
    }
  }

  override take(): Uint8Array<ArrayBuffer> {
    const cuts = this.#cuts;
    this.#cuts = [];
    const bytes = super.take();
    const out = new ByteWriter(bytes.length + cuts.length * 8);
    let done = 0;
    for (const { at, op, variable, skip = 0 } of cuts) {
      literal(out, bytes.subarray(done, at));
      out.u32(op);
      if (variable !== undefined) out.u32(variable);
      done = at + skip;
    }
    literal(out, bytes.subarray(done));
    out.u32(OP.end);
    return out.take();
  }

  #cut(op: number): void {
    this.#cuts.push({ at: this.length, op });
  }

  #part(part: string | number): void {
    if (typeof part === 'number') this.#cuts.push({ at: this.length, op: OP.variable, variable: part });
    else this.append(Buffer.from(part));
  }
}

function literal(out: ByteWriter, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  out.u32(OP.literal);
  out.bytes(bytes);
}

/** A text file with variables in it. */
export function textTemplate(text: string): Uint8Array<ArrayBuffer> {
  const out = new TemplateWriter(text.length + 64);
  out.raw(text);
  return out.take();
}
