import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openClaims } from '#store/claims.ts';
import type { Database } from '#store/database.ts';
import type { Digest } from '#store/digest.ts';
import type { Trash } from './trash.ts';
import { namesIn } from './work-area.ts';

/**
 * Beginnings of blobs, `partial/ALGORITHM/HEX`: what has come before a pull was cut off, for the next pull to continue.
 * Nothing of them is trusted. Only the holder of the blob's claim touches the file.
 */
export interface Partials {
  /** Where the file of a blob is; its directory is made. */
  path(digest: Digest): string;
  /** True when something of one of these blobs has come before. */
  hasBegun(digests: readonly Digest[]): boolean;
  /** Moves those that nobody uses to the trash, when untouched since then. Gives their bytes. */
  sweep(untouchedSince?: number): number;
  /** Removes those of these blobs that nobody but the claimants of that group uses. Inside a transaction. */
  drop(digests: readonly Digest[], group: string): void;
  /** Bytes of those that nobody uses. */
  size(): number;
}

interface PartialFile {
  path: string;
  digest: string;
  size: number;
  touched: number;
}

export interface PartialParts {
  root: string;
  database: Database;
  trash: Trash;
}

export function openPartials({ root, database, trash }: PartialParts): Partials {
  const base = join(root, 'partial');
  const fileOf = (digest: Digest): string => join(base, ...digest.split(':'));
  const unused = (): PartialFile[] => {
    const claims = openClaims(database);
    return partialFiles(base).filter(({ digest }) => !claims.isTaken('blob', digest));
  };
  return {
    path: (digest) => {
      const path = fileOf(digest);
      mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
      return path;
    },
    hasBegun: (digests) =>
      digests.some((digest) => (statSync(fileOf(digest), { throwIfNoEntry: false })?.size ?? 0) > 0),
    sweep: (untouchedSince = Infinity) => {
      if (partialFiles(base).length === 0) return 0;
      // Whoever wants one has to claim it first, and waits for this transaction.
      return database.transaction(() => {
        const old = unused().filter(({ touched }) => touched <= untouchedSince);
        for (const { path } of old) trash.take(path);
        return old.reduce((sum, { size }) => sum + size, 0);
      });
    },
    drop: (digests, group) => {
      const claims = openClaims(database);
      const ours = digests.filter((digest) => !claims.isTaken('blob', digest, group));
      // At once: on a full disk even a row takes room.
      for (const digest of ours) rmSync(fileOf(digest), { force: true });
    },
    size: () => unused().reduce((sum, { size }) => sum + size, 0),
  };
}

function partialFiles(base: string): PartialFile[] {
  return namesIn(base).flatMap((algorithm) =>
    namesIn(join(base, algorithm)).flatMap((name) => {
      const path = join(base, algorithm, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) return [];
      return [{ path, digest: `${algorithm}:${name}`, size: stat.size, touched: stat.mtimeMs }];
    }),
  );
}
