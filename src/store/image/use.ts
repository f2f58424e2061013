import type { Database } from '#store/database.ts';
import type { Digest } from '#store/digest.ts';

/** What speaks for keeping an image. */
export interface ImageUse {
  /** When a container was last made from it, or it was pulled; milliseconds since 1970. */
  used: number;
  pinned: boolean;
}

interface Row {
  id: Digest;
  used: number;
  pinned: number;
}

/** By image ID. */
export function imageUses(database: Database): Map<Digest, ImageUse> {
  const rows = database.all<Row>('SELECT id, max(used, pulled) AS used, pinned FROM image');
  return new Map(rows.map(({ id, used, pinned }) => [id, { used, pinned: pinned === 1 }]));
}

/** A pinned image goes only when it is removed by its name. */
export function pinImage(database: Database, id: Digest, pinned: boolean): Digest {
  database.run('UPDATE image SET pinned = ? WHERE id = ?', pinned ? 1 : 0, id);
  return id;
}
