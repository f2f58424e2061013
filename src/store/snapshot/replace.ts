import { Fault } from '#base/fault.ts';
import { placeLayer, type DriverParts } from './directories.ts';
import type { CommittedLayer } from './port.ts';

/** All container snapshots that stand on a layer, near or far. */
const STANDING_ON = `
  WITH RECURSIVE above (id, kind) AS (
    SELECT id, kind FROM snapshot WHERE parent = ?1
    UNION
    SELECT s.id, s.kind FROM snapshot s JOIN above ON s.parent = above.id
  )
  SELECT id FROM above WHERE kind = 'container'`;

/** A mounted image that stands on the layer. */
const MOUNTED_ON = `
  WITH RECURSIVE above (id, key) AS (
    SELECT id, key FROM snapshot WHERE id = ?1
    UNION
    SELECT s.id, s.key FROM snapshot s JOIN above ON s.parent = above.id
  )
  SELECT path FROM image_mount WHERE chain IN (SELECT key FROM above)`;

/** See LayerDraft.replace. Inside a transaction: until it commits, the old layer is the one that counts. */
export function replaceLayer(parts: DriverParts, layer: CommittedLayer, tree: string): number {
  const { database, rows } = parts;
  const old = rows.find(layer.chainId);
  const mount = old === undefined ? undefined : database.get<{ path: string }>(MOUNTED_ON, old.id);
  if (mount !== undefined) {
    throw new Fault('conflict', `an image that stands on it is mounted at ${mount.path}`, {
      hint: 'Unmount it first: sampan image unmount.',
    });
  }
  if (old !== undefined) database.run('UPDATE snapshot SET key = ? WHERE id = ?', `replaced ${old.id}`, old.id);
  placeLayer(parts, layer, tree);
  if (old === undefined) return 0;
  const users = database.all<{ id: number }>(STANDING_ON, old.id);
  for (const { id } of users) {
    database.run('INSERT OR IGNORE INTO replaced_layer (snapshot, container) VALUES (?, ?)', old.id, id);
  }
  database.run('UPDATE snapshot SET parent = ? WHERE parent = ?', rows.need(layer.chainId).id, old.id);
  return users.length;
}
