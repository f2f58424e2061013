import { Fault } from '#base/fault.ts';

/** A growing little-endian buffer; memory that was not written yet is zero. */
export class ByteWriter {
  #buffer: Buffer<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(capacity = 4096) {
    this.#buffer = Buffer.alloc(capacity);
    this.#view = viewOf(this.#buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#room(1);
    this.#view.setUint8(this.#length, value);
    this.#length += 1;
  }

  u16(value: number): void {
    this.#room(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
  }

  u32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** Negative values are written in two's complement. */
  u64(value: bigint): void {
    this.#room(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
  }

  /** A whole number that is not negative, at most 2^53. */
  u64Number(value: number): void {
    this.u32(value % 0x1_0000_0000);
    this.u32(Math.floor(value / 0x1_0000_0000));
  }

  /** Length, the bytes, and a NUL that the length does not count. */
  text(value: string, encoding: 'utf8' | 'latin1'): void {
    if (value.includes('\0')) throw new Fault('invalid', `Encode text ${JSON.stringify(value)}: it holds a NUL byte`);
    this.#room(value.length * 3 + 5);
    const start = this.#length + 4;
    const size = this.#buffer.write(value, start, encoding);
    this.#view.setUint32(start - 4, size, true);
    this.#length = start + size + 1;
  }

  /** The number of the texts, then each. */
  texts(values: readonly string[], encoding: 'utf8' | 'latin1'): void {
    this.u32(values.length);
    for (const value of values) this.text(value, encoding);
  }

  /** The number of the bytes, then the bytes. */
  bytes(value: Uint8Array): void {
    this.u32(value.length);
    this.append(value);
  }

  append(value: Uint8Array): void {
    this.#room(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  zeros(count: number): void {
    this.#room(count);
    this.#length += count;
  }

  reserveU32(): number {
    this.zeros(4);
    return this.#length - 4;
  }

  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /**
   * Lets `put` write into the memory from a place on: it returns where it ended, -1 for more room, -2 when it cannot,
   * and has written nothing then. Returns whether it could.
   */
  fill(put: (buffer: ArrayBufferLike, at: number) => number): boolean {
    for (;;) {
      const end = put(this.#buffer.buffer, this.#length);
      if (end >= 0) this.#length = end;
      if (end !== -1) return end >= 0;
      this.#room(this.#buffer.length);
    }
  }

  /** Room for the size of what follows, which `endSized` fills in. */
  beginSized(): number {
    return this.reserveU32();
  }

  endSized(at: number): void {
    this.patchU32(at, this.#length - at - 4);
  }

  /** What was written, as a view of the writer's own memory; the writer starts anew with other memory. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.alloc(Math.max(4096, this.#length));
    this.#view = viewOf(this.#buffer);
    this.#length = 0;
    return taken;
  }

  #room(size: number): void {
    if (this.#length + size <= this.#buffer.length) return;
    const grown = Buffer.alloc(Math.max(this.#buffer.length * 2, this.#length + size));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
    this.#view = viewOf(grown);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
