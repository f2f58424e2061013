import { statSync } from 'node:fs';
import { join } from 'node:path';
import { openClaims } from '#store/claims.ts';
import { imageMounts } from '#store/image/mounts.ts';
import { namesIn, ownerLives, workDirectory } from '#store/content/work-area.ts';
import type { Digest } from '#store/digest.ts';
import type { StoreParts } from '#store/parts.ts';
import { collect, collectable } from './collect.ts';
import { snapshotPath, sweepOrphans } from './orphans.ts';

/**
 * Brings records and files back into line after a crash, and says what it repaired, a sentence each; none when all was
 * well. Safe at any time: what belongs to a living process is left alone.
 */
export async function reconcile(parts: StoreParts): Promise<string[]> {
  const repaired = [
    ...(await removeAbandonedWork(parts)),
    ...expireLeases(parts),
    ...sweepOrphans(parts),
    ...forgetLostBlobs(parts),
    ...forgetLostContainers(parts),
    ...forgetBrokenImages(parts),
    ...parts.database.transaction(() => imageMounts(parts.database).settle()),
  ];
  // Whoever was killed between a removal and the collection after it has left what nothing needs.
  const { snapshots, blobs } = collectable(parts);
  if (snapshots + blobs > 0) await collect(parts);
  else await parts.trash.empty();
  return repaired;
}

async function removeAbandonedWork({ root, launcher }: StoreParts): Promise<string[]> {
  const directory = workDirectory(root);
  const abandoned = namesIn(directory).filter((owner) => !ownerLives(owner));
  for (const owner of abandoned) await launcher.remove(directory, owner);
  return abandoned.map((owner) => `Removed the unfinished work of process ${owner.split('-')[0]}, which has died.`);
}

function expireLeases({ database, leases }: StoreParts): string[] {
  const expired = database.transaction(() => {
    openClaims(database).expire();
    return leases.expire();
  });
  return expired === 0 ? [] : [`Released ${expired} leases of processes that have died.`];
}

/** An image works without its blobs: its layers are unpacked. */
function forgetLostBlobs({ database, blobs }: StoreParts): string[] {
  return database.transaction(() => {
    const lost = database.all<{ digest: Digest }>('SELECT digest FROM blob').filter(({ digest }) => !blobs.has(digest));
    for (const { digest } of lost) {
      database.run('DELETE FROM image_blob WHERE digest = ?', digest);
      database.run('DELETE FROM index_blob WHERE digest = ?', digest);
      database.run('DELETE FROM image_index WHERE id = ?', digest);
      blobs.drop(digest);
    }
    return lost.map(({ digest }) => `Forgot the blob ${digest}: its file has gone or has another size.`);
  });
}

interface LostRow {
  id: number;
  key: string;
  driver: string;
}

function lostSnapshots({ database, root }: StoreParts, kind: 'container' | 'layer'): LostRow[] {
  return database.all<LostRow>('SELECT id, key, driver FROM snapshot WHERE kind = ?', kind).filter(({ id, driver }) => {
    const tree = join(snapshotPath(root, driver, id), 'fs');
    return statSync(tree, { throwIfNoEntry: false }) === undefined;
  });
}

function forgetLostContainers(parts: StoreParts): string[] {
  return parts.database.transaction(() => {
    const lost = lostSnapshots(parts, 'container');
    for (const { id, driver } of lost) {
      parts.database.run('DELETE FROM snapshot WHERE id = ?', id);
      parts.trash.take(snapshotPath(parts.root, driver, id));
    }
    return lost.map(({ key }) => `Forgot the snapshot ${key}: its directory has gone.`);
  });
}

/** Images on a lost layer cannot run; without their records the next pull brings them back whole. */
function forgetBrokenImages(parts: StoreParts): string[] {
  const above = `
    WITH RECURSIVE broken (id, key) AS (
      SELECT id, key FROM snapshot WHERE id = ?
      UNION
      SELECT s.id, s.key FROM snapshot s JOIN broken ON s.parent = broken.id
    )
    SELECT id FROM image WHERE chain IN (SELECT key FROM broken)`;
  return parts.database.transaction(() =>
    lostSnapshots(parts, 'layer').flatMap((lost) =>
      parts.database.all<{ id: Digest }>(above, lost.id).map(({ id }) => {
        const names = parts.images.find(id)?.names.join(', ') ?? '';
        parts.database.run('DELETE FROM image WHERE id = ?', id);
        return `Removed the image ${names === '' ? id : names}: the directory of its layer ${lost.key} has gone. Pull it again.`;
      }),
    ),
  );
}
