import { ByteWriter } from '#kernel/byte-writer.ts';
import { appendDataHead, appendFileStep, encodeFileStreamHead } from '#kernel/encode.ts';
import type { FileStep } from '#kernel/plan.ts';

/** The largest data step that the launcher takes. */
const LONGEST_DATA = 1024 * 1024;
const WORTH_SHARING = 8 * 1024;

/**
 * Encoded file steps on their way to the launcher. Small ones are gathered; large data is passed on as it came, since
 * copying it into fresh memory costs more than everything else that is done here.
 */
export class StepQueue {
  readonly #small = new ByteWriter(64 * 1024);
  #parts: Uint8Array[] = [encodeFileStreamHead()];
  #queued = 0;

  /** Bytes waiting. */
  get size(): number {
    return this.#queued + this.#small.length;
  }

  step(step: FileStep): void {
    appendFileStep(this.#small, step);
  }

  data(offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += LONGEST_DATA) {
      const piece = bytes.length <= LONGEST_DATA ? bytes : bytes.subarray(at, at + LONGEST_DATA);
      if (piece.length < WORTH_SHARING) this.step({ op: 'data', offset: offset + at, bytes: piece });
      else {
        appendDataHead(this.#small, offset + at, piece.length);
        this.#flush();
        this.#parts.push(piece);
        this.#queued += piece.length;
      }
    }
  }

  /** What waits, in order. */
  take(): Uint8Array[] {
    if (this.#small.length > 0) this.#flush();
    const taken = this.#parts;
    this.#parts = [];
    this.#queued = 0;
    return taken;
  }

  #flush(): void {
    const bytes = this.#small.take();
    this.#parts.push(bytes);
    this.#queued += bytes.length;
  }
}
