import type { Database } from './database.ts';
import { ownerLives } from './content/work-area.ts';

export type LeaseKind = 'blob' | 'snapshot';

/** What a running pull or push relies on, so that a collection in another process leaves it alone. */
export interface Leases {
  take(owner: string, kind: LeaseKind, key: string): void;
  release(owner: string): void;
  /** Keeps what a pull has finished for some days, whatever becomes of the pull: the next one need not do it again. */
  keep(kind: LeaseKind, key: string): void;
  /** Ends that for these, or for everything: the image is there, or nobody wants it any more. */
  forgetKept(keys?: readonly string[]): void;
  /** Deletes the leases of dead owners and those whose time is over; gives the number of the former. */
  expire(): number;
}

const KEEPER = 'kept-until-';
const HOUR = 3600 * 1000;
export const KEPT_MS = 72 * HOUR;

export function openLeases(database: Database): Leases {
  const release = (owner: string): number => database.run('DELETE FROM lease WHERE owner = ?', owner).changes;
  const take: Leases['take'] = (owner, kind, key) =>
    void database.run('INSERT OR IGNORE INTO lease (owner, kind, key) VALUES (?, ?, ?)', owner, kind, key);
  const owners = (): string[] =>
    database.all<{ owner: string }>('SELECT DISTINCT owner FROM lease').map(({ owner }) => owner);
  return {
    take,
    release: (owner) => void release(owner),
    // By the hour, so that all of one pull have one owner.
    keep: (kind, key) => take(`${KEEPER}${Math.ceil((Date.now() + KEPT_MS) / HOUR) * HOUR}`, kind, key),
    forgetKept: (keys) => {
      const kept = owners().filter((owner) => owner.startsWith(KEEPER));
      for (const owner of kept) {
        if (keys === undefined) release(owner);
        else for (const key of keys) database.run('DELETE FROM lease WHERE owner = ? AND key = ?', owner, key);
      }
    },
    expire: () => {
      const dead = owners().filter((owner) => !holds(owner));
      for (const owner of dead.filter((one) => one.startsWith(KEEPER))) release(owner);
      return dead.reduce((sum, owner) => sum + release(owner), 0);
    },
  };
}

function holds(owner: string): boolean {
  return owner.startsWith(KEEPER) ? Number(owner.slice(KEEPER.length)) > Date.now() : ownerLives(owner);
}
