/** Standard output and error as streams that never keep the program from hearing signals. */
import { host } from './host.ts';
import { watch } from './loop.ts';

/** What a pipe takes at once when it says that it can be written to. */
const PORTION = 4096;

export class Output {
  readonly #fd: number;
  #unsent: Uint8Array[] = [];
  #drained: (() => void)[] = [];
  readonly isTTY = false;
  destroyed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get writableLength(): number {
    return this.#unsent.reduce((sum, part) => sum + part.length, 0);
  }

  write(data: Uint8Array): boolean {
    if (this.destroyed) return true;
    for (let at = 0; at < data.length; at += PORTION) this.#unsent.push(data.subarray(at, at + PORTION));
    if (this.#unsent.length > 0) watch(this.#fd, 'write', () => this.#flush());
    return false;
  }

  once(event: string, done: () => void): void {
    if (event === 'drain') this.#drained.push(done);
  }

  /** A portion for each time that the descriptor is ready; a reader that has gone ends it quietly. */
  #flush(): void {
    const first = this.#unsent[0];
    try {
      if (first !== undefined) {
        const done = host.write(this.#fd, first.buffer, first.byteOffset, first.length);
        if (done < first.length) this.#unsent[0] = first.subarray(done);
        else this.#unsent.shift();
      }
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'EAGAIN') return;
      this.destroyed = true;
      this.#unsent = [];
    }
    if (this.#unsent.length > 0) return;
    watch(this.#fd, 'write', undefined);
    for (const done of this.#drained.splice(0)) done();
  }
}
