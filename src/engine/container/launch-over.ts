import { setTimeout as sleep } from 'node:timers/promises';
import { monitorLives } from '#engine/monitor/liveness.ts';
import { observe } from './state.ts';

const LAUNCH_MS = 10_000;
const LOOK_MS = 5;

/**
 * Waits while a container is on its way: who starts it attached lets go of it once its monitor has been told, a moment
 * before its program runs. False when it still is after ten seconds.
 */
export async function launchOver(directory: string): Promise<boolean> {
  const deadline = Date.now() + LAUNCH_MS;
  while (observe(directory).status === 'created' && monitorLives(directory)) {
    if (Date.now() > deadline) return false;
    await sleep(LOOK_MS);
  }
  return true;
}
