import { join } from 'node:path';
import { namesIn } from '#store/content/work-area.ts';
import type { StoreParts } from '#store/parts.ts';

/**
 * Moves files to the trash that no row speaks of. Files come into place only inside transactions, so whoever holds
 * the write lock sees none that is merely early. Gives a sentence for each.
 */
export function sweepOrphans({ database, blobs, trash, root }: StoreParts): string[] {
  return database.transaction(() => {
    const known = new Set(database.all<{ digest: string }>('SELECT digest FROM blob').map(({ digest }) => digest));
    const strayBlobs = blobs.files().filter((digest) => !known.has(digest));
    for (const digest of strayBlobs) trash.take(blobs.path(digest));
    const strayTrees = snapshotDirectories(root).filter(
      ({ driver, id }) => database.get('SELECT 1 FROM snapshot WHERE driver = ? AND id = ?', driver, id) === undefined,
    );
    for (const { path } of strayTrees) trash.take(path);
    return [
      ...strayBlobs.map((digest) => `Removed the file of the blob ${digest}, which has no record.`),
      ...strayTrees.map(({ path }) => `Removed ${path}, which belongs to no snapshot.`),
    ];
  });
}

export function snapshotPath(root: string, driver: string, id: number): string {
  return join(root, 'snapshots', driver, String(id));
}

function snapshotDirectories(root: string): { driver: string; id: string; path: string }[] {
  const all = join(root, 'snapshots');
  return namesIn(all).flatMap((driver) =>
    namesIn(join(all, driver)).map((id) => ({ driver, id, path: join(all, driver, id) })),
  );
}
