import { Fault } from '#base/fault.ts';

interface Ready<T> {
  item: T | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Commits things in their order, however they become ready: while a batch is being committed the next one gathers, so
 * that what a commit costs (a flush of the file system) is paid once for all that have waited for it.
 */
export class CommitLine<T> {
  readonly #length: number;
  readonly #commit: (batch: readonly T[], isLast: boolean) => Promise<void>;
  readonly #ready = new Map<number, Ready<T>>();
  #next = 0;
  #busy = false;
  #running = Promise.resolve();

  constructor(length: number, commit: (batch: readonly T[], isLast: boolean) => Promise<void>) {
    this.#length = length;
    this.#commit = commit;
  }

  /** The thing at that place is ready, or needs no commit. Resolves when it and all before it are committed. */
  add(at: number, item: T | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(new Fault('cancelled', 'wait for the layers below', { cause: signal.reason }));
      if (signal.aborted) return abort();
      // Whatever is before it may never come.
      signal.addEventListener('abort', abort, { once: true });
      this.#ready.set(at, { item, resolve, reject });
      if (!this.#busy) this.#running = this.#run();
    });
  }

  /** All before that place is ready: what is added there is in the next batch, and waits for nobody. */
  comesNext(at: number): boolean {
    for (let before = this.#next; before < at; before += 1) if (!this.#ready.has(before)) return false;
    return true;
  }

  /** Nothing is being committed any more. */
  idle(): Promise<void> {
    return this.#running;
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#ready.has(this.#next)) {
      const batch = this.#takeBatch();
      try {
        const items = batch.flatMap(({ item }) => (item === undefined ? [] : [item]));
        await this.#commit(items, this.#next === this.#length);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
        break;
      }
    }
    this.#busy = false;
  }

  #takeBatch(): Ready<T>[] {
    const batch: Ready<T>[] = [];
    for (let ready = this.#ready.get(this.#next); ready !== undefined; ready = this.#ready.get(this.#next)) {
      this.#ready.delete(this.#next);
      batch.push(ready);
      this.#next += 1;
    }
    return batch;
  }
}
