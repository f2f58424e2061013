/**
 * Protocol buffers, as much as the CRI needs: a message is a table from field names to numbers and kinds; unknown
 * fields are skipped, and everything that is not there has its zero value.
 */
export type Kind = 'string' | 'bytes' | 'int' | 'bool' | 'map' | Message | { list: 'string' | Message };
export interface Message {
  readonly [field: string]: readonly [number: number, kind: Kind];
}
export type Value = string | number | boolean | Uint8Array | Value[] | { [field: string]: Value };
export interface Fields {
  [field: string]: Value;
}

const VARINT = 0;
const FIXED64 = 1;
const SIZED = 2;
const FIXED32 = 5;
const MAP_ENTRY: Message = { key: [1, 'string'], value: [2, 'string'] };

function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return [...bytes, Number(left)];
}

const sized = (number: number, bytes: Uint8Array): number[] => [
  ...varint((number << 3) | SIZED),
  ...varint(bytes.length),
  ...bytes,
];

function encodeField(number: number, kind: Kind, value: Value): number[] {
  if (kind === 'int' || kind === 'bool') return [...varint((number << 3) | VARINT), ...varint(Number(value))];
  if (kind === 'string') return sized(number, Buffer.from(value as string));
  if (kind === 'bytes') return sized(number, value as Uint8Array);
  if (kind === 'map') {
    const entries = Object.entries(value as Record<string, string>);
    return entries.flatMap(([key, text]) => sized(number, encode(MAP_ENTRY, { key, value: text })));
  }
  if (isList(kind)) return (value as Value[]).flatMap((one) => encodeField(number, kind.list, one));
  return sized(number, encode(kind, value as Fields));
}

const isList = (kind: Kind): kind is { list: 'string' | Message } =>
  typeof kind === 'object' && 'list' in kind && !Array.isArray(kind.list);

export function encode(message: Message, fields: Fields): Uint8Array {
  const bytes = Object.entries(fields).flatMap(([name, value]) => {
    const field = message[name];
    if (field === undefined) throw new Error(`the message has no field ${name}`);
    return encodeField(field[0], field[1], value);
  });
  return Uint8Array.from(bytes);
}

function zero(kind: Kind): Value {
  if (kind === 'int') return 0;
  if (kind === 'bool') return false;
  if (kind === 'string') return '';
  if (kind === 'bytes') return new Uint8Array();
  return isList(kind) ? [] : {};
}

class Reader {
  #at = 0;
  readonly #bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }
  varint(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error('a message ends within a number');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
    }
  }
  take(length: number): Uint8Array {
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new Error('a message ends within a field');
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  /** A field's content: a number, or bytes. */
  content(wire: number): number | Uint8Array {
    if (wire === VARINT) return this.varint();
    if (wire === FIXED64 || wire === FIXED32) return this.take(wire === FIXED64 ? 8 : 4);
    return this.take(this.varint());
  }
}

function decodeValue(kind: Kind, content: number | Uint8Array, before: Value): Value {
  if (typeof content === 'number') return kind === 'bool' ? content !== 0 : content;
  if (kind === 'string') return Buffer.from(content).toString();
  if (kind === 'map') {
    const { key, value } = decode(MAP_ENTRY, content) as Record<string, string>;
    return { ...(before as Fields), [key ?? '']: value ?? '' };
  }
  if (isList(kind)) return [...(before as Value[]), decodeValue(kind.list, content, '')];
  return typeof kind === 'string' ? content : decode(kind, content);
}

export function decode(message: Message, bytes: Uint8Array): Fields {
  const fields: Fields = Object.fromEntries(Object.entries(message).map(([name, [, kind]]) => [name, zero(kind)]));
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.varint();
    const content = reader.content(tag & 7);
    const found = Object.entries(message).find(([, [number]]) => number === tag >>> 3);
    if (found === undefined) continue;
    const [name, [, kind]] = found;
    fields[name] = decodeValue(kind, content, fields[name] ?? zero(kind));
  }
  return fields;
}
