import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';

const SHORTEST_MS = 5;
const LONGEST_MS = 100;

/** Pauses between looks at what another pull does, longer each time. */
export class Patience {
  #ms = SHORTEST_MS;

  /** Throws `cancelled`. */
  async pause(signal: AbortSignal | undefined): Promise<void> {
    try {
      await sleep(this.#ms, undefined, signal === undefined ? {} : { signal });
    } catch (cause) {
      throw new Fault('cancelled', 'wait for what another pull is bringing', { cause });
    }
    this.#ms = Math.min(this.#ms * 2, LONGEST_MS);
  }
}
