import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '#store/database.ts';
import { blobSize, deleteBlob, mountBlob, openBlob, touchBlob } from './blobs.ts';
import { collectHosting, type CollectOptions, type HostingCollection } from './collect.ts';
import { listRepositories, listTags } from './lists.ts';
import { deleteManifest, listReferrers, putManifest, readManifest } from './manifests.ts';
import { hostingFiles, type HostingParts } from './parts.ts';
import type { Hosting } from './port.ts';
import { HOSTING_MIGRATIONS } from './schema.ts';
import { openUploads } from './uploads.ts';
import { findDamaged, type DamagedBlob } from './verify.ts';

/** A registry's own directory. Several processes may have it open. */
export interface DirectoryHosting extends Hosting {
  collect(options: CollectOptions): HostingCollection;
  /** Reads every blob and gives those that are not what they should be. */
  damaged(): Promise<DamagedBlob[]>;
}

export interface HostingSettings {
  /** Absolute directory on one file system. */
  root: string;
  readOnly?: boolean;
}

export function openHosting({ root, readOnly = false }: HostingSettings): DirectoryHosting {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const database = openDatabase(join(root, 'registry.db'), HOSTING_MIGRATIONS);
  const parts: HostingParts = { database, files: hostingFiles(root) };
  if (!readOnly) parts.files.emptyTrash();
  const reading: Hosting = {
    repositories: (page) => listRepositories(parts, page),
    tags: (repository, page) => listTags(parts, repository, page),
    manifest: async (repository, reference) => readManifest(parts, repository, reference),
    blobSize: (repository, digest) => blobSize(parts, repository, digest),
    openBlob: (repository, digest) => openBlob(parts, repository, digest),
    referrers: (repository, subject, query) => listReferrers(parts, repository, subject, query),
    close: () => database.close(),
  };
  const upkeep = {
    collect: (options: CollectOptions): HostingCollection => collectHosting(parts, options),
    damaged: () => findDamaged(parts),
  };
  if (readOnly) return { ...reading, ...upkeep };
  return {
    ...reading,
    ...upkeep,
    // One transaction, so that no collection comes between: who asks may rely on the answer.
    blobSize: (repository, digest) =>
      database.transaction(() => {
        touchBlob(parts, repository, digest);
        return blobSize(parts, repository, digest);
      }),
    changes: {
      mount: (repository, digest, from) => mountBlob(parts, repository, digest, from),
      uploads: openUploads(parts),
      putManifest: (request) => putManifest(parts, request),
      deleteManifest: (repository, reference) => deleteManifest(parts, repository, reference),
      deleteBlob: (repository, digest) => deleteBlob(parts, repository, digest),
    },
  };
}
