import { Fault } from '#base/fault.ts';

/** A growing little-endian buffer. */
export class ByteWriter {
  #buffer: Buffer<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 4096) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  u16(value: number): void {
    this.#room(2);
    this.#length = this.#buffer.writeUInt16LE(value, this.#length);
  }

  u32(value: number): void {
    this.#room(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  /** Negative values are written in two's complement. */
  u64(value: bigint): void {
    this.#room(8);
    this.#length = this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.#length);
  }

  /** Length, the bytes, and a NUL that the length does not count. */
  text(value: string, encoding: 'utf8' | 'latin1'): void {
    if (value.includes('\0')) throw new Fault('invalid', `Encode text ${JSON.stringify(value)}: it holds a NUL byte`);
    const size = Buffer.byteLength(value, encoding);
    this.u32(size);
    this.#room(size + 1);
    this.#buffer.write(value, this.#length, size, encoding);
    this.#buffer[this.#length + size] = 0;
    this.#length += size + 1;
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    this.#room(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  reserveU32(): number {
    this.u32(0);
    return this.#length - 4;
  }

  patchU32(at: number, value: number): void {
    this.#buffer.writeUInt32LE(value, at);
  }

  /** What was written, as a view of the writer's own memory; the writer starts anew with other memory. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafe(Math.max(4096, this.#length));
    this.#length = 0;
    return taken;
  }

  #room(size: number): void {
    if (this.#length + size <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + size));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
