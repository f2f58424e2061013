import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ownerLives } from '#store/content/work-area.ts';
import type { Digest } from '#store/digest.ts';
import { uploadFile, type HostingParts } from './parts.ts';
import { fileIdentity, type DamagedBlob } from './verify.ts';

export interface HostingCollection {
  manifests: number;
  blobs: number;
  /** Of the blobs, those whose content was not what it should be. */
  damaged: number;
  uploads: number;
  /** Of files. */
  bytes: number;
}

export interface CollectOptions {
  /** Younger ones stay: a push brings blobs first and the manifest that needs them last. Milliseconds. */
  minimumAge: number;
  /** Manifests, too, that no tag, index or subject leads to. */
  untagged: boolean;
  /** Only counts. */
  dryRun: boolean;
  /** Goes, whoever needs it. */
  damaged?: readonly DamagedBlob[];
}

/** Everything that a tag leads to, by way of indexes and of what refers to a manifest. */
const UNTAGGED = `
  WITH RECURSIVE needed (repository, digest) AS (
    SELECT repository, manifest FROM tag
    UNION
    SELECT repository, digest FROM manifest WHERE pushed > ?1
    UNION
    SELECT p.repository, p.digest FROM needed n
      JOIN manifest_part p ON p.repository = n.repository AND p.manifest = n.digest AND p.kind = 'manifest'
    UNION
    SELECT m.repository, m.digest FROM needed n
      JOIN manifest m ON m.repository = n.repository AND m.subject = n.digest
  )
  SELECT repository, digest FROM manifest WHERE (repository, digest) NOT IN (SELECT repository, digest FROM needed)`;

const UNUSED_LINKS = `
  DELETE FROM repository_blob WHERE touched <= ?1 AND NOT EXISTS (
    SELECT 1 FROM manifest_part p
      WHERE p.repository = repository_blob.repository AND p.kind = 'blob' AND p.digest = repository_blob.digest)`;

const UNUSED_BLOBS = 'SELECT digest, size FROM blob WHERE digest NOT IN (SELECT digest FROM repository_blob)';

class DryRun extends Error {}

/**
 * Removes what nothing leads to. Safe beside a running registry: rows change and files move in one transaction, in
 * which nobody else adds any; a download that is under way has its file open.
 */
export function collectHosting(parts: HostingParts, options: CollectOptions): HostingCollection {
  const { database, files } = parts;
  let found: HostingCollection = { manifests: 0, blobs: 0, damaged: 0, uploads: 0, bytes: 0 };
  try {
    database.durably(() => {
      const before = Date.now() - options.minimumAge;
      const manifests = options.untagged ? dropUntagged(parts, before) : 0;
      const uploads = sweepUploads(parts, before);
      const damaged = dropDamaged(parts, options.damaged ?? []);
      const blobs = dropBlobs(parts, before);
      const gone = [...uploads, ...blobs];
      const bytes = gone.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
      found = { manifests, blobs: blobs.length, damaged, uploads: uploads.length, bytes };
      if (options.dryRun) throw new DryRun();
      for (const path of gone) files.discard(path);
    });
  } catch (error) {
    if (!(error instanceof DryRun)) throw error;
    return found;
  }
  files.emptyTrash();
  return found;
}

function dropUntagged({ database }: HostingParts, before: number): number {
  const untagged = database.all<{ repository: string; digest: Digest }>(UNTAGGED, before);
  for (const { repository, digest } of untagged) {
    database.run('DELETE FROM manifest WHERE repository = ? AND digest = ?', repository, digest);
  }
  return untagged.length;
}

/** Their rows: who needs them can push them again. A file that another one has replaced meanwhile is not meant. */
function dropDamaged({ database, files }: HostingParts, damaged: readonly DamagedBlob[]): number {
  const still = damaged.filter(({ digest, file }) => fileIdentity(files.blob(digest)) === file);
  for (const { digest } of still) {
    database.run('DELETE FROM repository_blob WHERE digest = ?', digest);
    database.run('DELETE FROM blob WHERE digest = ?', digest);
  }
  return still.length;
}

/** Paths of blobs without use, and of files that a crash left without a row. */
function dropBlobs({ database, files }: HostingParts, before: number): string[] {
  database.run(UNUSED_LINKS, before);
  const unused = database.all<{ digest: Digest }>(UNUSED_BLOBS).map(({ digest }) => digest);
  for (const digest of unused) database.run('DELETE FROM blob WHERE digest = ?', digest);
  return files
    .blobs()
    .filter((digest) => database.get('SELECT 1 FROM blob WHERE digest = ?', digest) === undefined)
    .map((digest) => files.blob(digest));
}

/** Paths of uploads that nobody has gone on with, and of files without a row. */
function sweepUploads({ database, files }: HostingParts, before: number): string[] {
  const rows = database.all<{ id: string; touched: number; writer: string | null }>(
    'SELECT id, touched, writer FROM upload',
  );
  const present = new Set(files.uploads());
  const kept = new Set<string>();
  for (const { id, touched, writer } of rows) {
    const inUse = writer !== null && ownerLives(writer);
    const file = uploadFile(id);
    if (inUse || (touched > before && present.has(file))) kept.add(file);
    else database.run('DELETE FROM upload WHERE id = ?', id);
  }
  return [...present].filter((file) => !kept.has(file)).map((file) => join(files.upload(''), '..', file));
}
