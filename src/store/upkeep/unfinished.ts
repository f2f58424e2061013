import { openPartials } from '#store/content/partials.ts';
import type { StoreParts } from '#store/parts.ts';

/**
 * Lets go of all that is kept for pulls that were cut off: the next collection takes what they had finished, and the
 * beginnings of blobs go to the trash. Gives the bytes of the latter.
 */
export function forgetUnfinished(parts: StoreParts): number {
  return parts.database.transaction(() => {
    parts.leases.forgetKept();
    return openPartials(parts).sweep();
  });
}

/** Lets go of the records only, for a transaction that is rolled back; gives the bytes of all beginnings. */
export function rehearseForgetting(parts: StoreParts): number {
  parts.leases.forgetKept();
  return openPartials(parts).size();
}
