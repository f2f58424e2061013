/** D-Bus messages as the other side reads them: written apart from the code that makes them. */
export interface Message {
  type: number;
  serial: number;
  fields: Record<number, unknown>;
  body: unknown[];
  size: number;
}

export const FIELD = { path: 1, interface: 2, member: 3, error: 4, replyTo: 5, signature: 8 } as const;

class Reader {
  at = 0;
  readonly data: Buffer;
  constructor(data: Buffer) {
    this.data = data;
  }
  pad(to: number): void {
    this.at = Math.ceil(this.at / to) * to;
  }
  number(): number {
    this.pad(4);
    this.at += 4;
    return this.data.readUInt32LE(this.at - 4);
  }
  text(length: number): string {
    const text = this.data.toString('utf8', this.at, this.at + length);
    if (this.data[this.at + length] !== 0) throw new Error(`no NUL behind "${text}"`);
    this.at += length + 1;
    return text;
  }
  byte(): number {
    this.at += 1;
    return this.data.readUInt8(this.at - 1);
  }
  long(): bigint {
    this.pad(8);
    this.at += 8;
    return this.data.readBigUInt64LE(this.at - 8);
  }
  all(signature: string): unknown[] {
    const values: unknown[] = [];
    for (let rest = signature; rest !== '';) {
      const length = oneType(rest);
      values.push(this.value(rest.slice(0, length)));
      rest = rest.slice(length);
    }
    return values;
  }
  value(signature: string): unknown {
    const kind = signature.charAt(0);
    if (kind === 'y') return this.byte();
    if (kind === 'b') return this.number() === 1;
    if (kind === 'u' || kind === 'i') return this.number();
    if (kind === 't') return this.long();
    if (kind === 's' || kind === 'o') return this.text(this.number());
    if (kind === 'g') return this.text(this.byte());
    if (kind === 'v') return this.value(this.text(this.byte()));
    if (kind === '(') {
      this.pad(8);
      return this.all(signature.slice(1, -1));
    }
    if (kind === 'a') return this.array(signature.slice(1));
    throw new Error(`type ${signature}`);
  }
  array(element: string): unknown[] {
    const length = this.number();
    if ('(t'.includes(element.charAt(0))) this.pad(8);
    const end = this.at + length;
    const values: unknown[] = [];
    while (this.at < end) values.push(this.value(element));
    if (this.at !== end) throw new Error('an array that is longer than its length');
    return values;
  }
}

function oneType(signature: string): number {
  if (signature.startsWith('a')) return 1 + oneType(signature.slice(1));
  if (!signature.startsWith('(')) return 1;
  let depth = 0;
  for (const [index, letter] of Array.from(signature).entries()) {
    depth += letter === '(' ? 1 : letter === ')' ? -1 : 0;
    if (depth === 0) return index + 1;
  }
  throw new Error(signature);
}

/** The first message of the data; undefined until all of it is there. */
export function readMessage(data: Buffer): Message | undefined {
  if (data.length < 16) return undefined;
  const head = Math.ceil((16 + data.readUInt32LE(12)) / 8) * 8;
  const size = head + data.readUInt32LE(4);
  if (data.length < size) return undefined;
  const reader = new Reader(data);
  reader.at = 12;
  const fields = Object.fromEntries(reader.array('(yv)') as [number, unknown][]) as Record<number, unknown>;
  const body = new Reader(data.subarray(head, size)).all((fields[FIELD.signature] as string | undefined) ?? '');
  return { type: data.readUInt8(1), serial: data.readUInt32LE(8), fields, body, size };
}
