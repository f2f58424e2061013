import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';
import type { SnapshotDriver, SnapshotInfo } from './port.ts';

export interface SnapshotRow {
  id: number;
  key: string;
  kind: 'layer' | 'container';
  parent: number | null;
  created: number;
}

/** The records of one driver's snapshots. */
export interface SnapshotRows {
  find(key: string): SnapshotRow | undefined;
  /** Throws `notFound`. */
  need(key: string): SnapshotRow;
  /** The ids from a snapshot's parent down to the bottom layer. */
  below(id: number): number[];
  /** Makes the row; throws `alreadyExists`. */
  insert(key: string, kind: SnapshotRow['kind'], parent: number | undefined, size?: number): number;
  /** Sum of the sizes of a snapshot and of all below it. */
  size(id: number): number;
  /** Deletes the row; throws `conflict` when other snapshots stand on it. */
  delete(row: SnapshotRow): void;
  all(): SnapshotRow[];
  list(): SnapshotInfo[];
}

const FIELDS = 'id, key, kind, parent, created';

export function snapshotRows(database: Database, driver: SnapshotDriver): SnapshotRows {
  const find = (key: string): SnapshotRow | undefined =>
    database.get<SnapshotRow>(`SELECT ${FIELDS} FROM snapshot WHERE driver = ? AND key = ?`, driver, key);
  return {
    find,
    need: (key) => {
      const row = find(key);
      if (row === undefined) throw new Fault('notFound', `no snapshot is called "${key}"`, { facts: { key } });
      return row;
    },
    below: (id) =>
      database
        .all<{ id: number }>(
          `WITH RECURSIVE chain (id, parent, depth) AS (
             SELECT id, parent, 0 FROM snapshot WHERE id = ?
             UNION ALL
             SELECT s.id, s.parent, depth + 1 FROM snapshot s JOIN chain ON s.id = chain.parent
           ) SELECT id FROM chain WHERE depth > 0 ORDER BY depth`,
          id,
        )
        .map((row) => row.id),
    insert: (key, kind, parent, size = 0) => {
      if (find(key) !== undefined) throw new Fault('alreadyExists', `a snapshot "${key}" exists`, { facts: { key } });
      return database.run(
        'INSERT INTO snapshot (driver, key, kind, parent, size, created) VALUES (?, ?, ?, ?, ?, ?)',
        driver,
        key,
        kind,
        parent ?? null,
        size,
        Date.now(),
      ).lastId;
    },
    size: (id) =>
      database.get<{ total: number }>(
        `WITH RECURSIVE chain (parent, size) AS (
           SELECT parent, size FROM snapshot WHERE id = ?
           UNION ALL
           SELECT s.parent, s.size FROM snapshot s JOIN chain ON s.id = chain.parent
         ) SELECT sum(size) AS total FROM chain`,
        id,
      )?.total ?? 0,
    delete: ({ id, key }) => {
      const child = database.get<{ key: string }>('SELECT key FROM snapshot WHERE parent = ? LIMIT 1', id);
      if (child !== undefined) {
        throw new Fault('conflict', `remove the snapshot "${key}": "${child.key}" stands on it`, { facts: { key } });
      }
      database.run('DELETE FROM snapshot WHERE id = ?', id);
    },
    all: () => database.all<SnapshotRow>(`SELECT ${FIELDS} FROM snapshot WHERE driver = ? ORDER BY id`, driver),
    list: () =>
      database
        .all<{ key: string; kind: SnapshotRow['kind']; parent: string | null; created: number }>(
          `SELECT s.key, s.kind, p.key AS parent, s.created FROM snapshot s LEFT JOIN snapshot p ON p.id = s.parent
         WHERE s.driver = ? ORDER BY s.id`,
          driver,
        )
        .map((row) => ({ ...row, parent: row.parent ?? undefined })),
  };
}
