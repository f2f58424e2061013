/** Standard output and error as streams that never keep the program from hearing signals. */
import { FS_CONSTANTS } from 'front:constants';
import { fstatSync } from './fs.ts';
import { host } from './host.ts';
import { watch } from './loop.ts';

/** What a pipe takes at once when it says that it can be written to. */
const PORTION = 4096;
/** Where no write can block. */
const LARGE_PORTION = 1 << 18;

export class Output {
  #fd: number;
  #portion = 0;
  #unsent: Uint8Array[] = [];
  #drained: (() => void)[] = [];
  #broken: (() => void)[] = [];
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
    if (this.#portion === 0) this.#prepare();
    for (let at = 0; at < data.length; at += this.#portion) this.#unsent.push(data.subarray(at, at + this.#portion));
    if (this.#unsent.length > 0) watch(this.#fd, 'write', () => this.#flush());
    return false;
  }

  once(event: string, done: () => void): void {
    if (event === 'drain') this.#drained.push(done);
    if (event === 'error') this.#broken.push(done);
  }

  /** A pipe is opened anew: what is set on the one that we were given is set for everybody who has it. */
  #prepare(): void {
    const stats = fstatSync(this.#fd);
    this.#portion = stats.isFile() ? LARGE_PORTION : PORTION;
    if (!stats.isFIFO()) return;
    try {
      this.#fd = host.open(`/proc/self/fd/${this.#fd}`, FS_CONSTANTS['O_WRONLY']! | FS_CONSTANTS['O_NONBLOCK']!);
      this.#portion = LARGE_PORTION;
    } catch {
      // somebody else's pipe: small portions, then
    }
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
      for (const done of this.#broken.splice(0)) done();
    }
    if (this.#unsent.length > 0) return;
    watch(this.#fd, 'write', undefined);
    for (const done of this.#drained.splice(0)) done();
  }
}
