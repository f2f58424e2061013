import { createReadStream, mkdirSync, renameSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';
import { digestLike, isDigest, type Digest } from '#store/digest.ts';
import type { Trash } from './trash.ts';
import { namesIn } from './work-area.ts';

/** Content by digest: files below `blobs/ALGORITHM/`, each with a row that says it is whole. */
export interface Blobs {
  path(digest: Digest): string;
  /** True when the row is there and a file of the recorded size. */
  has(digest: Digest): boolean;
  /** As recorded; 0 for an unknown one. */
  size(digest: Digest): number;
  /** A whole small blob, verified. Throws `notFound` or `corrupt`. */
  read(digest: Digest): Promise<Buffer>;
  /** The bytes as they are on disk, all or from `start` to before `end`; whoever reads them to the end verifies them. */
  stream(digest: Digest, part?: { start: number; end: number }): AsyncIterable<Buffer>;
  /** Takes over a verified, synced file, in place of one that is there already. Inside a transaction. */
  adopt(file: string, digest: Digest, size: number): void;
  /** Forgets a blob and moves its file to the trash. Inside a transaction. */
  drop(digest: Digest): void;
  /** Digests of all files, recorded or not. */
  files(): Digest[];
}

const READ_CHUNK = 1024 * 1024;

export function openBlobs(root: string, database: Database, trash: Trash): Blobs {
  const path = (digest: Digest): string => join(root, 'blobs', ...digest.split(':'));
  const has = (digest: Digest): boolean => {
    const row = database.get<{ size: number }>('SELECT size FROM blob WHERE digest = ?', digest);
    return row !== undefined && statSync(path(digest), { throwIfNoEntry: false })?.size === row.size;
  };
  return {
    path,
    has,
    size: (digest) => database.get<{ size: number }>('SELECT size FROM blob WHERE digest = ?', digest)?.size ?? 0,
    read: async (digest) => {
      const bytes = await readFile(path(digest)).catch((cause: unknown) => {
        throw new Fault('notFound', `read the blob ${digest}`, { cause, facts: { digest } });
      });
      if (digestLike(digest, bytes) === digest) return bytes;
      throw new Fault('corrupt', `read the blob ${digest}: its content has changed on disk`, { facts: { digest } });
    },
    stream: (digest, part) =>
      createReadStream(path(digest), {
        highWaterMark: READ_CHUNK,
        ...(part === undefined ? {} : { start: part.start, end: part.end - 1 }),
      }),
    adopt: (file, digest, size) => {
      mkdirSync(join(path(digest), '..'), { recursive: true, mode: 0o700 });
      renameSync(file, path(digest));
      database.run(
        'INSERT INTO blob (digest, size, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
        digest,
        size,
        Date.now(),
      );
    },
    drop: (digest) => {
      database.run('DELETE FROM blob WHERE digest = ?', digest);
      trash.take(path(digest));
    },
    files: () =>
      namesIn(join(root, 'blobs')).flatMap((algorithm) =>
        namesIn(join(root, 'blobs', algorithm))
          .map((name) => `${algorithm}:${name}`)
          .filter(isDigest),
      ),
  };
}
