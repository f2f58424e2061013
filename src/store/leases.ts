import type { Database } from './database.ts';
import { ownerLives } from './content/work-area.ts';

/** What a running pull or push relies on, so that a collection in another process leaves it alone. */
export interface Leases {
  take(owner: string, kind: 'blob' | 'snapshot', key: string): void;
  release(owner: string): void;
  /** Deletes the leases of dead owners; gives their number. */
  expire(): number;
}

export function openLeases(database: Database): Leases {
  const release = (owner: string): number => database.run('DELETE FROM lease WHERE owner = ?', owner).changes;
  return {
    take: (owner, kind, key) =>
      void database.run('INSERT OR IGNORE INTO lease (owner, kind, key) VALUES (?, ?, ?)', owner, kind, key),
    release: (owner) => void release(owner),
    expire: () =>
      database
        .all<{ owner: string }>('SELECT DISTINCT owner FROM lease')
        .filter(({ owner }) => !ownerLives(owner))
        .reduce((sum, { owner }) => sum + release(owner), 0),
  };
}
