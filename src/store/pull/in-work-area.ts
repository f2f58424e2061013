import { openClaims } from '#store/claims.ts';
import { openWorkArea, type WorkArea } from '#store/content/work-area.ts';
import { asDiskFault } from '#store/disk-fault.ts';
import type { StoreParts } from '#store/parts.ts';
import { collect } from '#store/upkeep/collect.ts';

/**
 * Runs `work` with a work area that goes afterwards, and with it what its owner has leased. After a failure the layers
 * that were committed before it go as well, unless they are kept for another try.
 */
export async function inWorkArea<T>(
  parts: StoreParts,
  doing: string,
  work: (area: WorkArea) => Promise<T>,
): Promise<T> {
  const area = openWorkArea(parts.root, parts.launcher);
  let failed = false;
  try {
    return await work(area);
  } catch (error) {
    failed = true;
    throw asDiskFault(error, doing);
  } finally {
    // First, since even a deleted row takes room on a full disk.
    await area.remove();
    openClaims(parts.database).releaseGroup(area.owner);
    parts.leases.release(area.owner);
    // Whatever hinders it now, the next collection finds them.
    if (failed) await collect(parts).catch(() => undefined);
  }
}
