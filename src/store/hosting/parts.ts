import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { namesIn, newOwner } from '#store/content/work-area.ts';
import type { Database } from '#store/database.ts';
import type { Digest } from '#store/digest.ts';

/** What the parts of a registry's own directory work with. */
export interface HostingParts {
  database: Database;
  files: HostingFiles;
}

/** Files of a registry's directory. No name that a client has sent is ever part of a path, but for checked digests. */
export interface HostingFiles {
  blob(digest: Digest): string;
  upload(id: string): string;
  /** Digests of all files, recorded or not. */
  blobs(): Digest[];
  uploads(): string[];
  /** Moves a synced file to where the blob belongs; its name is on disk when this returns. Inside a transaction. */
  adopt(file: string, digest: Digest): void;
  /** Moves a file out of sight; inside transactions. */
  discard(path: string): void;
  emptyTrash(): void;
}

/** Files in one directory stay few: the first two digits are a directory. */
const blobPath = (root: string, digest: Digest): string => {
  const [algorithm = '', hex = ''] = digest.split(':');
  return join(root, 'blobs', algorithm, hex.slice(0, 2), hex);
};

export function hostingFiles(root: string): HostingFiles {
  const uploads = join(root, 'uploads');
  const trash = join(root, 'trash');
  for (const path of [uploads, trash, join(root, 'blobs')]) mkdirSync(path, { recursive: true, mode: 0o700 });
  return {
    blob: (digest) => blobPath(root, digest),
    // The id came with a request, so it is only ever used as what it hashes to.
    upload: (id) => join(uploads, uploadFile(id)),
    blobs: () => blobsBelow(join(root, 'blobs')),
    uploads: () => namesIn(uploads),
    adopt: (file, digest) => {
      const target = blobPath(root, digest);
      makeDirectory(dirname(target), join(root, 'blobs'));
      renameSync(file, target);
      syncDirectory(dirname(target));
    },
    discard: (path) => {
      if (statSync(path, { throwIfNoEntry: false }) !== undefined) renameSync(path, join(trash, newOwner()));
    },
    emptyTrash: () => {
      for (const name of namesIn(trash)) rmSync(join(trash, name), { force: true });
    },
  };
}

export const uploadFile = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 32);

function blobsBelow(base: string): Digest[] {
  return namesIn(base).flatMap((algorithm) =>
    namesIn(join(base, algorithm)).flatMap((first) =>
      namesIn(join(base, algorithm, first)).map((hex) => `${algorithm}:${hex}` as Digest),
    ),
  );
}

/** Each new directory's name is on disk, too. */
function makeDirectory(path: string, base: string): void {
  if (path === base || statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeDirectory(dirname(path), base);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  syncDirectory(dirname(path));
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
