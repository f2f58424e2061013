import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { openClaims } from '#store/claims.ts';
import { openPartials } from '#store/content/partials.ts';
import { newOwner } from '#store/content/work-area.ts';
import { digestLike } from '#store/digest.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { StoreParts } from '#store/parts.ts';
import { Patience } from './patience.ts';
import { gatherVerified } from './verified.ts';

/**
 * A small blob: out of the store, or fetched by one pull for all that want it at this time. It lies among the partial
 * files until an image with it is committed.
 */
export async function sharedDocument(
  parts: StoreParts,
  descriptor: Descriptor,
  fetch: () => AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const { digest } = descriptor;
  const claims = openClaims(parts.database);
  const owner = newOwner();
  const claim = (): boolean =>
    parts.database.transaction(() => {
      if (claims.isTaken('blob', digest)) return false;
      claims.take('blob', digest, owner);
      return true;
    });
  for (const patience = new Patience(); ; await patience.pause(signal)) {
    const there = await documentThere(parts, descriptor);
    if (there !== undefined) return there;
    if (!claims.isTaken('blob', digest) && claim()) break;
  }
  try {
    // Another may have come to its end between the look and the claim.
    const bytes = (await documentThere(parts, descriptor)) ?? (await gatherVerified(fetch(), descriptor));
    writeFileSync(openPartials(parts).path(digest), bytes, { mode: 0o600 });
    return bytes;
  } finally {
    claims.release(owner);
  }
}

/** Undefined also for one that is being written, or that the disk has changed. */
async function documentThere({ blobs, ...parts }: StoreParts, { digest }: Descriptor): Promise<Buffer | undefined> {
  if (blobs.has(digest)) return blobs.read(digest).catch(() => undefined);
  const bytes = await readFile(openPartials(parts).path(digest)).catch(() => undefined);
  return bytes !== undefined && digestLike(digest, bytes) === digest ? bytes : undefined;
}
