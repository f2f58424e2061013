import { Fault } from '#base/fault.ts';
import type { ByteWriter } from '#kernel/byte-writer.ts';

/** A value with its type, in the letters of D-Bus; what a `v` holds. */
export interface Variant {
  signature: string;
  value: unknown;
}

/** Stands for a process id that is known only when the message is sent. */
export const PID_HOLE = Symbol('pid');

export interface Marshalled {
  out: ByteWriter;
  /** Offset of the hole, when the values have one. */
  pidAt: number | undefined;
}

type Write = (to: Marshalled, value: unknown) => void;

const ALIGNMENT: Readonly<Record<string, number>> = { y: 1, g: 1, v: 1, n: 2, q: 2, x: 8, t: 8, d: 8, '(': 8, '{': 8 };

const SCALARS: Readonly<Record<string, Write>> = {
  y: ({ out }, value) => out.u8(Number(value)),
  b: ({ out }, value) => out.u32(value === true ? 1 : 0),
  n: ({ out }, value) => out.u16(Number(value) & 0xffff),
  q: ({ out }, value) => out.u16(Number(value)),
  i: ({ out }, value) => out.u32(Number(value) >>> 0),
  u: (to, value) => {
    if (value === PID_HOLE) to.pidAt = to.out.length;
    to.out.u32(value === PID_HOLE ? 0 : Number(value));
  },
  x: ({ out }, value) => out.u64(BigInt.asUintN(64, BigInt(value as bigint))),
  t: ({ out }, value) => out.u64(BigInt(value as bigint)),
  d: ({ out }, value) => out.u64(bitsOfDouble(Number(value))),
  s: ({ out }, value) => out.text(value as string, 'utf8'),
  o: ({ out }, value) => out.text(value as string, 'utf8'),
  g: ({ out }, value) => writeSignature(out, value as string),
  v: (to, value) => {
    const { signature, value: inner } = value as Variant;
    writeSignature(to.out, signature);
    writeValue(to, signature, inner);
  },
};

/** Writes a value of one complete type: structures and arrays are JavaScript's arrays. */
export function writeValue(to: Marshalled, signature: string, value: unknown): void {
  const letter = signature[0] ?? '';
  align(to.out, ALIGNMENT[letter] ?? 4);
  const scalar = SCALARS[letter];
  if (scalar !== undefined) scalar(to, value);
  else if (letter === 'a') writeArray(to, signature.slice(1), value as readonly unknown[]);
  else if (letter === '(') writeAll(to, signature.slice(1, -1), value as readonly unknown[]);
  else throw new Fault('invalid', `D-Bus: there is no type "${signature}"`);
}

/** Values of several types one after the other. */
export function writeAll(to: Marshalled, signature: string, values: readonly unknown[]): void {
  for (const [index, type] of splitTypes(signature).entries()) writeValue(to, type, values[index]);
}

/** The complete types that a signature is made of. */
export function splitTypes(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

export function align(out: ByteWriter, to: number): void {
  out.zeros((to - (out.length % to)) % to);
}

function endOfType(signature: string, start: number): number {
  let at = start;
  while (signature[at] === 'a') at++;
  let depth = 0;
  do {
    if (signature[at] === '(') depth++;
    if (signature[at] === ')') depth--;
    at++;
  } while (depth > 0 && at < signature.length);
  return at;
}

/** The length does not count the padding in front of the first element. */
function writeArray(to: Marshalled, element: string, values: readonly unknown[]): void {
  const length = to.out.reserveU32();
  align(to.out, ALIGNMENT[element[0] ?? ''] ?? 4);
  const start = to.out.length;
  for (const value of values) writeValue(to, element, value);
  to.out.patchU32(length, to.out.length - start);
}

function writeSignature(out: ByteWriter, signature: string): void {
  out.u8(signature.length);
  for (const letter of signature) out.u8(letter.charCodeAt(0));
  out.u8(0);
}

function bitsOfDouble(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}
