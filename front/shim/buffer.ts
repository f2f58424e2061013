import { host } from './host.ts';

type Encoding = 'utf8' | 'utf-8' | 'latin1' | 'base64' | 'hex';

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** As much of node's Buffer as the runtime uses. */
export class Buffer extends Uint8Array {
  static alloc(size: number): Buffer {
    return new Buffer(size);
  }

  static allocUnsafe(size: number): Buffer {
    return new Buffer(size);
  }

  static override from(source: string | Iterable<number> | ArrayLike<number>, encoding?: unknown): Buffer {
    if (typeof source !== 'string') {
      const list: ArrayLike<number> = 'length' in source ? source : [...source];
      const copy = new Buffer(list.length);
      copy.set(list);
      return copy;
    }
    if (encoding === 'base64') return unbase64(source);
    const buffer = new Buffer(encoding === 'latin1' ? source.length : host.utf8Length(source));
    buffer.write(source, 0, encoding === 'latin1' ? 'latin1' : 'utf8');
    return buffer;
  }

  static concat(parts: readonly Uint8Array[]): Buffer {
    const whole = new Buffer(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  write(text: string, offset = 0, encoding: Encoding = 'utf8'): number {
    if (encoding !== 'latin1') return host.encode(text, this.buffer, this.byteOffset + offset);
    for (let at = 0; at < text.length; at++) this[offset + at] = text.charCodeAt(at);
    return text.length;
  }

  override toString(encoding: Encoding = 'utf8', start = 0, end = this.length): string {
    if (encoding === 'base64') return base64(this.subarray(start, end));
    if (encoding === 'hex')
      return [...this.subarray(start, end)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const size = Math.max(0, Math.min(end, this.length) - start);
    return host.decode(this.buffer, this.byteOffset + start, size, encoding === 'latin1');
  }

  equals(other: Uint8Array): boolean {
    return this.length === other.length && this.every((byte, at) => byte === other[at]);
  }
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
    const word = (a << 16) | (b << 8) | c;
    for (let digit = 0; digit < 4; digit++) {
      text += at + digit > bytes.length ? '=' : BASE64[(word >> (18 - digit * 6)) & 63];
    }
  }
  return text;
}

function unbase64(text: string): Buffer {
  const digits = text.replace(/=+$/, '');
  const bytes = new Buffer(Math.floor((digits.length * 3) / 4));
  let word = 0;
  for (let at = 0, to = 0; at < digits.length; at++) {
    word = ((word << 6) | BASE64.indexOf(digits[at] ?? '')) & 0xffffff;
    if (at % 4 > 0) bytes[to++] = (word >> (6 - (at % 4) * 2)) & 0xff;
  }
  return bytes;
}

/** `readUInt16LE` and the like, all over DataView. */
const NUMBERS = {
  UInt8: 'Uint8',
  Int8: 'Int8',
  UInt16: 'Uint16',
  Int16: 'Int16',
  UInt32: 'Uint32',
  Int32: 'Int32',
  BigUInt64: 'BigUint64',
} as const;

export function addNumbers(): void {
  for (const [name, kind] of Object.entries(NUMBERS)) {
    for (const order of kind.endsWith('8') ? [''] : ['LE', 'BE']) {
      const little = order === 'LE';
      const add = (method: string, value: unknown): void =>
        void Object.defineProperty(Buffer.prototype, method, { value, configurable: true });
      const view = (buffer: Buffer): DataView => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      const size = kind.endsWith('8') ? 1 : kind.endsWith('16') ? 2 : kind.endsWith('32') ? 4 : 8;
      add(`read${name}${order}`, function (this: Buffer, at = 0) {
        return view(this)[`get${kind}`](at, little);
      });
      add(`write${name}${order}`, function (this: Buffer, value: never, at = 0) {
        view(this)[`set${kind}`](at, value, little);
        return at + size;
      });
    }
  }
}
