import { ownerLives } from './content/work-area.ts';
import type { Database } from './database.ts';

/** `blob`: to fetch it, and its partial file, by digest. `layer`: to unpack it, by driver and chain ID. */
export type ClaimKind = 'blob' | 'layer';

/**
 * Work that one process does and others wait for. A claim dies with its owner: whoever comes next takes it over. Nobody
 * waits for a claim who holds one, except for the layer below his own; so there is no circle to wait in.
 */
export interface Claims {
  /** Takes what is not taken, or what a dead owner had. Inside the transaction that has found that out. */
  take(kind: ClaimKind, key: string, owner: string): void;
  /** True while a living owner has it, other than that group's. */
  isTaken(kind: ClaimKind, key: string, besides?: string): boolean;
  /** Gives up all that the owner has, or only that kind. */
  release(owner: string, kind?: ClaimKind): void;
  /** Gives up all that owners of the group `OWNER` have, who are called `OWNER.ANYTHING`. */
  releaseGroup(group: string): void;
  /** Deletes the claims of dead owners. */
  expire(): void;
}

export function openClaims(database: Database): Claims {
  const isTaken: Claims['isTaken'] = (kind, key, besides) => {
    const row = database.get<{ owner: string }>('SELECT owner FROM claim WHERE kind = ? AND key = ?', kind, key);
    if (row === undefined || !ownerLives(row.owner)) return false;
    return besides === undefined || !row.owner.startsWith(`${besides}.`);
  };
  return {
    isTaken,
    take: (kind, key, owner) =>
      void database.run('INSERT OR REPLACE INTO claim (kind, key, owner) VALUES (?, ?, ?)', kind, key, owner),
    release: (owner, kind) =>
      void database.run('DELETE FROM claim WHERE owner = ?1 AND kind = coalesce(?2, kind)', owner, kind ?? null),
    releaseGroup: (group) => void database.run('DELETE FROM claim WHERE owner GLOB ?', `${group}.*`),
    expire: () => {
      for (const { owner } of database.all<{ owner: string }>('SELECT DISTINCT owner FROM claim')) {
        if (!ownerLives(owner)) database.run('DELETE FROM claim WHERE owner = ?', owner);
      }
    },
  };
}
