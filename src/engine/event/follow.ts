import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '#engine/engine.ts';
import { reconcile } from '#engine/container/reconcile.ts';
import { eventsAfter, lastSequence, type EngineEvent } from './log.ts';

const LOOK_MS = 50;
/** Ends of containers are noted by whoever looks: with nobody else about, that is us. */
const LOOK_AFTER_CONTAINERS_MS = 200;

export interface FollowRequest {
  /** Milliseconds since 1970; undefined: only what happens from now on. */
  since: number | undefined;
  /** Undefined: for ever. */
  until: number | undefined;
  signal: AbortSignal;
}

/** Events in order, those of the past first, then live: the database says itself when another process has changed it. */
export async function followEvents(
  engine: Engine,
  { since, until = Infinity, signal }: FollowRequest,
  tell: (event: EngineEvent) => void,
): Promise<void> {
  const { database } = engine;
  let seen = since === undefined ? lastSequence(database) : 0;
  let version: unknown;
  let looked = 0;
  for (;;) {
    // Asked before the look at the clock, so that the last look comes after the last moment.
    const over = Date.now() >= until || signal.aborted;
    if (Date.now() - looked >= LOOK_AFTER_CONTAINERS_MS || over) {
      await reconcile(engine);
      looked = Date.now();
      version = undefined;
    }
    const now = database.get<{ data_version: number }>('PRAGMA data_version')?.data_version;
    if (now !== version) {
      version = now;
      for (const event of eventsAfter(database, seen)) {
        seen = event.seq;
        if (event.time >= (since ?? 0) && event.time <= until) tell(event);
      }
    }
    if (over) return;
    await sleep(Math.max(0, Math.min(LOOK_MS, until - Date.now())), undefined, { signal }).catch(() => undefined);
  }
}
