import { setTimeout as sleep } from 'node:timers/promises';
import { readHeldLocks } from './locks.ts';

const PATIENCE_MS = 5000;

/** Waits until the monitor of a directory has let go of its lock, which it does last of all. */
export async function waitForMonitor(directory: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let pause = 1; readHeldLocks().has(directory) && Date.now() < deadline; pause = Math.min(pause * 2, 50))
    await sleep(pause);
}
