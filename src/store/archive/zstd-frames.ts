import { Fault } from '#base/fault.ts';

const MAGIC = 0xfd2f_b528;
/** Less its last four bits, which are free. */
const SKIPPABLE = 0x184_d2a5;
const CHECKSUM_SIZE = 4;
/** By the two bits of the frame's header that tell of each. */
const DICTIONARY_SIZES = [0, 1, 2, 4] as const;
const CONTENT_SIZES = [0, 2, 4, 8] as const;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;

/**
 * Passes zstd on while its frames are counted through (RFC 8878, 3.1): codecs take what stands behind the last one for an
 * error, or pass over it, by how it comes in. Throws `corrupt` for anything that is no frame, and for half a frame.
 */
export async function* wholeFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const walker = new FrameWalker();
  for await (const chunk of source) {
    walker.push(chunk);
    yield chunk;
  }
  walker.finish();
}

class FrameWalker {
  /** Bytes to pass over before the next ones are looked at. */
  #skip = 0;
  #wanted = 4;
  #held: Buffer = Buffer.alloc(0);
  #then: (bytes: Buffer) => void = (bytes) => this.#magic(bytes);
  #isBetween = true;
  #hasChecksum = false;

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const skipped = Math.min(this.#skip, chunk.length - at);
      this.#skip -= skipped;
      at += skipped;
      const taken = chunk.subarray(at, at + this.#wanted - this.#held.length);
      at += taken.length;
      this.#held = Buffer.concat([this.#held, taken]);
      if (this.#held.length === this.#wanted) {
        const whole = this.#held;
        this.#held = whole.subarray(0, 0);
        this.#then(whole);
      }
    }
  }

  finish(): void {
    if (this.#isBetween && this.#skip === 0 && this.#held.length === 0) return;
    throw new Fault('corrupt', 'decompress the layer: it ends in the middle of a frame of zstd');
  }

  #expect(size: number, then: (bytes: Buffer) => void): void {
    this.#wanted = size;
    this.#then = then;
  }

  #between(): void {
    this.#isBetween = true;
    this.#expect(4, (bytes) => this.#magic(bytes));
  }

  #magic(bytes: Buffer): void {
    const magic = bytes.readUInt32LE();
    this.#isBetween = false;
    if (magic === MAGIC) this.#expect(1, (descriptor) => this.#header(descriptor[0] ?? 0));
    else if (magic >>> 4 === SKIPPABLE) this.#expect(4, (size) => this.#end(size.readUInt32LE()));
    else throw new Fault('corrupt', 'decompress the layer: behind a frame of zstd stands something else');
  }

  #header(descriptor: number): void {
    const isSingle = (descriptor >> 5) & 1;
    const contentFlag = descriptor >> 6;
    this.#hasChecksum = ((descriptor >> 2) & 1) === 1;
    const contentSize = contentFlag === 0 ? isSingle : (CONTENT_SIZES[contentFlag] ?? 0);
    const size = 1 - isSingle + (DICTIONARY_SIZES[descriptor & 3] ?? 0) + contentSize;
    this.#expect(size, () => this.#expect(3, (block) => this.#block(block)));
  }

  #block(header: Buffer): void {
    const bits = header.readUIntLE(0, 3);
    const type = (bits >> 1) & 3;
    if (type === BLOCK_RESERVED) throw new Fault('corrupt', 'decompress the layer: zstd has no such block');
    const size = type === BLOCK_RLE ? 1 : bits >> 3;
    if ((bits & 1) === 1) this.#end(size + (this.#hasChecksum ? CHECKSUM_SIZE : 0));
    else {
      this.#skip = size;
      this.#expect(3, (block) => this.#block(block));
    }
  }

  /** So many bytes belong to the frame still. */
  #end(size: number): void {
    this.#skip = size;
    this.#between();
  }
}
