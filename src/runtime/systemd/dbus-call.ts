import { ByteWriter } from '#kernel/byte-writer.ts';
import { align, writeAll, writeValue, type Marshalled } from './dbus-value.ts';

export interface Call {
  /** Any number but 0; the answer names it. */
  serial: number;
  destination: string;
  path: string;
  interface: string;
  member: string;
  /** Types of the arguments, and the arguments. */
  signature?: string;
  body?: readonly unknown[];
}

const METHOD_CALL = 1;
const PROTOCOL = 1;
const FIELDS = { path: 1, interface: 2, member: 3, destination: 6, signature: 8 } as const;

/** A method call as a D-Bus message, little-endian; `pidAt` is where a PID_HOLE of the body ended up. */
export function encodeCall(call: Call): { message: Uint8Array; pidAt: number | undefined } {
  const to: Marshalled = { out: new ByteWriter(), pidAt: undefined };
  const { out } = to;
  for (const byte of ['l'.charCodeAt(0), METHOD_CALL, 0, PROTOCOL]) out.u8(byte);
  const size = out.reserveU32();
  out.u32(call.serial);
  writeValue(to, 'a(yv)', headerFields(call));
  align(out, 8);
  const start = out.length;
  writeAll(to, call.signature ?? '', call.body ?? []);
  out.patchU32(size, out.length - start);
  return { message: out.take(), pidAt: to.pidAt };
}

function headerFields(call: Call): unknown[] {
  const field = (code: number, signature: string, value: string): unknown[] => [code, { signature, value }];
  return [
    field(FIELDS.path, 'o', call.path),
    field(FIELDS.destination, 's', call.destination),
    field(FIELDS.interface, 's', call.interface),
    field(FIELDS.member, 's', call.member),
    ...(call.signature ? [field(FIELDS.signature, 'g', call.signature)] : []),
  ];
}
