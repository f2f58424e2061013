import { openPartials } from '#store/content/partials.ts';
import type { Digest } from '#store/digest.ts';
import { KEPT_MS } from '#store/leases.ts';
import type { StoreParts } from '#store/parts.ts';
import { snapshotPath } from './orphans.ts';

export interface Collected {
  snapshots: number;
  blobs: number;
  /** Of the blobs and of the layers' files. */
  bytes: number;
}

/** Every layer that an image, a container, a lease or a mount stands on, from the top down. */
const UNNEEDED_SNAPSHOTS = `
  WITH RECURSIVE needed (id, parent) AS (
    SELECT id, parent FROM snapshot
      WHERE kind = 'container'
        OR key IN (SELECT chain FROM image)
        OR key IN (SELECT key FROM lease WHERE kind = 'snapshot')
        OR id IN (SELECT snapshot FROM replaced_layer)
        OR key IN (SELECT chain FROM image_mount)
    UNION
    SELECT s.id, s.parent FROM snapshot s JOIN needed ON s.id = needed.parent
  )
  SELECT id, driver, key, size FROM snapshot WHERE id NOT IN (SELECT id FROM needed) ORDER BY id DESC`;

const UNNEEDED_BLOBS = `
  SELECT digest, size FROM blob
    WHERE digest NOT IN (SELECT digest FROM image_blob)
      AND digest NOT IN (SELECT digest FROM index_blob)
      AND digest NOT IN (SELECT key FROM lease WHERE kind = 'blob')`;

/** What nothing needs any more. */
export interface Unneeded {
  snapshots: { id: number; driver: string; key: string; size: number }[];
  blobs: { digest: Digest; size: number }[];
}

/** Inside a transaction. */
export function unneeded({ database, leases }: StoreParts): Unneeded {
  leases.expire();
  return { snapshots: database.all(UNNEEDED_SNAPSHOTS), blobs: database.all(UNNEEDED_BLOBS) };
}

function counted({ snapshots, blobs }: Unneeded): Collected {
  const bytes = [...snapshots, ...blobs].reduce((sum, { size }) => sum + size, 0);
  return { snapshots: snapshots.length, blobs: blobs.length, bytes };
}

/** What `collect` would remove at this moment. */
export function collectable(parts: StoreParts): Collected {
  return parts.database.transaction(() => counted(unneeded(parts)));
}

/**
 * Removes layers and blobs that nothing needs any more, and what pulls that were cut off have left too long ago. Records
 * and names go at once, the files right after.
 */
export async function collect(parts: StoreParts): Promise<Collected> {
  const { database, blobs, trash, root } = parts;
  openPartials(parts).sweep(Date.now() - KEPT_MS);
  const collected = database.transaction(() => {
    const found = unneeded(parts);
    // Most layers are younger than their parents, but those that a repair has replaced are not.
    for (const { id } of found.snapshots) database.run('UPDATE snapshot SET parent = NULL WHERE id = ?', id);
    for (const { id, driver } of found.snapshots) {
      database.run('DELETE FROM snapshot WHERE id = ?', id);
      trash.take(snapshotPath(root, driver, id));
    }
    for (const { digest } of found.blobs) blobs.drop(digest);
    return counted(found);
  });
  await trash.empty();
  return collected;
}
