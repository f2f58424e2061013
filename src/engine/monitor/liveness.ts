import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '#base/process-identity.ts';

const PATIENCE_MS = 5000;

/**
 * Whether the monitor of a container's directory lives. Its `lock` file names it by pid and start time, so a recycled
 * pid is not mistaken for it; the flock on that file only keeps a second monitor away (to ask who holds a lock, by
 * /proc/locks, costs the kernel a grace period of up to 20 ms).
 */
export function monitorLives(directory: string): boolean {
  try {
    return isAlive(readFileSync(join(directory, 'lock'), 'latin1').trim().replace(' ', ':'));
  } catch {
    return false;
  }
}

/** Waits until the monitor of a directory has ended. */
export async function waitForMonitor(directory: string, patienceMs = PATIENCE_MS): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (let pause = 1; monitorLives(directory) && Date.now() < deadline; pause = Math.min(pause * 2, 50))
    await sleep(pause);
}
