/** Netlink messages as data, and their bytes (linux/netlink.h, linux/rtnetlink.h). Pure. */
import type { Step } from '#kernel/plan.ts';

/** In place of a value: the descriptor of the namespace that the step's target is. */
export const TARGET_NAMESPACE = Symbol('namespace of the target');

export interface Attribute {
  type: number;
  /** A fixed part before nested attributes. */
  head?: Uint8Array;
  value: Uint8Array | readonly Attribute[] | typeof TARGET_NAMESPACE;
}

export interface NetlinkRequest {
  /** What it is for, as it stands in errors and in `explain`. */
  name: string;
  /** Whom it is sent to; see the step. */
  to: 'here' | 'target' | 'netfilter';
  type: number;
  flags: number;
  /** The fixed part: ifinfomsg, ifaddrmsg, rtmsg, tcmsg, nfgenmsg. */
  head: Uint8Array;
  attributes: readonly Attribute[];
  /** An errno that is no failure: EEXIST where it may be there already. */
  fine?: number;
}

export const FLAG = { request: 1, replace: 0x100, excl: 0x200, create: 0x400, append: 0x800 } as const;
const SIDES = { here: 0, target: 1, netfilter: 2 } as const;
const NESTED = 0x8000;
const HEADER = 16;

export const u8 = (type: number, value: number): Attribute => ({ type, value: Uint8Array.of(value) });
export function u16(type: number, value: number): Attribute {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return { type, value: bytes };
}
export function u32(type: number, value: number): Attribute {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return { type, value: bytes };
}
export const text = (type: number, value: string): Attribute => ({ type, value: Buffer.from(`${value}\0`) });
export const raw = (type: number, value: Uint8Array): Attribute => ({ type, value });
export const nested = (type: number, value: readonly Attribute[]): Attribute => ({ type: type | NESTED, value });

/** The step that sends these, in this order; `target` is a slot. */
export function netlinkStep(requests: readonly NetlinkRequest[], target?: string): Extract<Step, { op: 'netlink' }> {
  const bytes: number[] = [];
  const namespaceAt: number[] = [];
  for (const request of requests) writeRequest(bytes, namespaceAt, request);
  return {
    op: 'netlink',
    requests: Uint8Array.from(bytes),
    names: requests.map(({ name }) => name),
    ...(namespaceAt.length === 0 ? {} : { namespaceAt }),
    ...(target === undefined ? {} : { target }),
  };
}

function writeRequest(out: number[], places: number[], request: NetlinkRequest): void {
  const start = out.length;
  push32(out, 0); // the length, known at the end
  push16(out, request.type);
  push16(out, request.flags | FLAG.request);
  push32(out, SIDES[request.to]);
  push32(out, request.fine ?? 0);
  out.push(...request.head);
  align(out);
  for (const attribute of request.attributes) writeAttribute(out, places, attribute);
  set(out, start, out.length - start, 4);
  if (out.length - start < HEADER + request.head.length) throw new RangeError('netlink: the length does not fit');
}

function writeAttribute(out: number[], places: number[], { type, head, value }: Attribute): void {
  const start = out.length;
  push16(out, 0);
  push16(out, type);
  if (head !== undefined) out.push(...head);
  if (value === TARGET_NAMESPACE) {
    places.push(out.length);
    push32(out, 0);
  } else if (value instanceof Uint8Array) {
    out.push(...value);
  } else {
    for (const one of value) writeAttribute(out, places, one);
  }
  set(out, start, out.length - start, 2); // without what aligns the next one
  align(out);
}

const push16 = (out: number[], value: number): number => out.push(value & 0xff, (value >> 8) & 0xff);
const push32 = (out: number[], value: number): number => out.push(...[0, 8, 16, 24].map((by) => (value >>> by) & 0xff));
function set(out: number[], at: number, value: number, size: number): void {
  for (let i = 0; i < size; i++) out[at + i] = (value >>> (8 * i)) & 0xff;
}
function align(out: number[]): void {
  while (out.length % 4 !== 0) out.push(0);
}
