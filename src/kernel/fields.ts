import type { ByteWriter } from './byte-writer.ts';

/** How fields are written, a letter each: i u32, l u64, t text, T texts, b bytes, I u32s. */
export type Kinds = string;

/**
 * Writes the head, the size of what follows, and the values one after the other. The front has this in C (front/shim/fields.ts), as it is half of what making a
 * plan costs there.
 */
export function putRecord(
  out: ByteWriter,
  head: number,
  kinds: Kinds,
  values: readonly unknown[],
  text: 'utf8' | 'latin1',
): void {
  out.u32(head);
  const sizeAt = out.beginSized();
  for (let at = 0; at < kinds.length; at++) WRITERS[kinds[at] as keyof typeof WRITERS](out, values[at], text);
  out.endSized(sizeAt);
}

type Write = (out: ByteWriter, value: unknown, text: 'utf8' | 'latin1') => void;

const WRITERS: Readonly<Record<'i' | 'l' | 't' | 'T' | 'b' | 'I', Write>> = {
  i: (out, value) => out.u32(value as number),
  l: (out, value) => (typeof value === 'number' ? out.u64Number(value) : out.u64(value as bigint)),
  t: (out, value, text) => out.text(value as string, text),
  T: (out, value, text) => out.texts(value as readonly string[], text),
  b: (out, value) => out.bytes(value as Uint8Array),
  I: (out, value) => {
    const list = value as readonly number[];
    out.u32(list.length);
    for (const item of list) out.u32(item);
  },
};
