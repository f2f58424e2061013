import type { Digest } from '#store/digest.ts';
import type { StoreParts } from '#store/parts.ts';
import { snapshotPath } from './orphans.ts';

export interface Collected {
  snapshots: number;
  blobs: number;
}

/** Every layer that an image, a container or a lease stands on, from the top down. */
const UNNEEDED_SNAPSHOTS = `
  WITH RECURSIVE needed (id, parent) AS (
    SELECT id, parent FROM snapshot
      WHERE kind = 'container'
        OR key IN (SELECT chain FROM image)
        OR key IN (SELECT key FROM lease WHERE kind = 'snapshot')
    UNION
    SELECT s.id, s.parent FROM snapshot s JOIN needed ON s.id = needed.parent
  )
  SELECT id, driver FROM snapshot WHERE id NOT IN (SELECT id FROM needed) ORDER BY id DESC`;

const UNNEEDED_BLOBS = `
  SELECT digest FROM blob
    WHERE digest NOT IN (SELECT digest FROM image_blob)
      AND digest NOT IN (SELECT key FROM lease WHERE kind = 'blob')`;

/** Removes layers and blobs that nothing needs any more. Records and names go at once, the files right after. */
export async function collect(parts: StoreParts): Promise<Collected> {
  const { database, leases, blobs, trash, root } = parts;
  const collected = database.transaction(() => {
    leases.expire();
    // A layer is younger than its parent, so this order never breaks a reference.
    const snapshots = database.all<{ id: number; driver: string }>(UNNEEDED_SNAPSHOTS);
    for (const { id, driver } of snapshots) {
      database.run('DELETE FROM snapshot WHERE id = ?', id);
      trash.take(snapshotPath(root, driver, id));
    }
    const unneeded = database.all<{ digest: Digest }>(UNNEEDED_BLOBS);
    for (const { digest } of unneeded) blobs.drop(digest);
    return { snapshots: snapshots.length, blobs: unneeded.length };
  });
  await trash.empty();
  return collected;
}
