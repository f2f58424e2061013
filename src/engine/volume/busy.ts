import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';

const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 10;

/** Some process is at work on the volume: whoever throws this in a transaction has it undone, and tries again. */
export class VolumeBusy extends Error {}

/**
 * Decides in one transaction about volumes that nobody is at work on; what a dead process left is settled first.
 * `durably`: the decision is on disk before anything is done about it.
 */
export async function decideAlone<T>(engine: Engine, doing: string, decide: () => T, durably = true): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return durably ? engine.database.durably(decide) : engine.database.transaction(decide);
    } catch (error) {
      if (!(error instanceof VolumeBusy)) throw error;
      if (Date.now() > deadline)
        throw new Fault('conflict', `${doing}: another process has been at work on volume ${error.message} for long`);
    }
    const { reconcile } = await import('#engine/container/reconcile.ts');
    if ((await reconcile(engine)).length === 0) await sleep(LOOK_AGAIN_MS);
  }
}
