import { Fault } from '#base/fault.ts';
import { digestLike, digestOf, isDigest, type Digest } from '#store/digest.ts';
import { hasBlob, linkBlob } from './blobs.ts';
import { readDocument, type HostedDocument } from './document.ts';
import { isTag } from './names.ts';
import type { HostingParts } from './parts.ts';
import type { HostedManifest, PutManifest, Referrer, ReferrerQuery } from './port.ts';
import { refusal } from './refusal.ts';

/** A tag's manifest, or the one of that digest. Throws MANIFEST_UNKNOWN. */
export function readManifest({ database }: HostingParts, repository: string, reference: string): HostedManifest {
  const row = database.get<{ digest: Digest; media_type: string; bytes: Uint8Array }>(
    isDigest(reference)
      ? 'SELECT digest, media_type, bytes FROM manifest WHERE repository = ? AND digest = ?'
      : `SELECT m.digest, m.media_type, m.bytes FROM manifest m
           JOIN tag t ON t.repository = m.repository AND t.manifest = m.digest
           WHERE t.repository = ? AND t.name = ?`,
    repository,
    reference,
  );
  if (row === undefined) throw unknownManifest(reference);
  const bytes = Buffer.from(row.bytes.buffer, row.bytes.byteOffset, row.bytes.length);
  if (digestLike(row.digest, bytes) === row.digest) return { digest: row.digest, mediaType: row.media_type, bytes };
  throw new Fault('corrupt', `read the manifest ${row.digest}: its content has changed on disk`);
}

/** Checks it, and writes it and its tags in one transaction that is on disk when this returns. */
export function putManifest(parts: HostingParts, request: PutManifest): { digest: Digest; subject?: Digest } {
  const { repository, bytes, tags } = request;
  const digest = request.digest === undefined ? digestOf(bytes) : digestLike(request.digest, bytes);
  if (request.digest !== undefined && request.digest !== digest) {
    throw refusal('DIGEST_INVALID', `what was sent is ${digest}, not ${request.digest}`);
  }
  const document = readDocument(bytes, request.mediaType);
  parts.database.durably(() => {
    checkParts(parts, repository, document);
    insertManifest(parts, { repository, digest, bytes, document });
    const put = `INSERT INTO tag (repository, name, manifest) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET manifest = excluded.manifest`;
    for (const tag of tags) parts.database.run(put, repository, tag, digest);
  });
  return { digest, ...(document.subject === undefined ? {} : { subject: document.subject }) };
}

/** What a manifest names must be there (its subject need not); and is kept from now on. */
function checkParts(parts: HostingParts, repository: string, { blobs, manifests }: HostedDocument): void {
  const { database } = parts;
  const manifest = 'SELECT 1 FROM manifest WHERE repository = ? AND digest = ?';
  for (const digest of blobs) {
    if (!hasBlob(parts, repository, digest)) throw missing(digest);
    linkBlob(parts, repository, digest);
  }
  for (const digest of manifests) if (database.get(manifest, repository, digest) === undefined) throw missing(digest);
}

const missing = (digest: Digest): Fault =>
  refusal('MANIFEST_BLOB_UNKNOWN', `it names ${digest}, which the repository has not`);

interface Insertion {
  repository: string;
  digest: Digest;
  bytes: Buffer;
  document: HostedDocument;
}

function insertManifest({ database }: HostingParts, { repository, digest, bytes, document }: Insertion): void {
  const { mediaType, artifactType, subject, annotations, blobs, manifests } = document;
  database.run(
    `INSERT INTO manifest (repository, digest, media_type, artifact_type, subject, annotations, size, pushed, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET media_type = excluded.media_type, pushed = excluded.pushed`,
    repository,
    digest,
    mediaType,
    artifactType ?? null,
    subject ?? null,
    annotations === undefined ? null : JSON.stringify(annotations),
    bytes.length,
    Date.now(),
    bytes,
  );
  const part = 'INSERT OR IGNORE INTO manifest_part (repository, manifest, kind, digest) VALUES (?, ?, ?, ?)';
  for (const one of blobs) database.run(part, repository, digest, 'blob', one);
  for (const one of manifests) database.run(part, repository, digest, 'manifest', one);
}

export function deleteManifest({ database }: HostingParts, repository: string, reference: string): void {
  const { changes } = database.durably(() =>
    isDigest(reference)
      ? database.run('DELETE FROM manifest WHERE repository = ? AND digest = ?', repository, reference)
      : database.run('DELETE FROM tag WHERE repository = ? AND name = ?', repository, reference),
  );
  if (changes === 0) throw unknownManifest(reference);
}

export const unknownManifest = (reference: string): Fault =>
  refusal('MANIFEST_UNKNOWN', `the repository has no ${isTag(reference) ? 'tag' : 'manifest'} ${reference}`);

interface ReferrerRow {
  digest: Digest;
  media_type: string;
  size: number;
  artifact_type: string | null;
  annotations: string | null;
}

/** One answer must fit where a manifest fits. */
const LARGEST_LIST = 3 * 1024 * 1024;
const MOST_REFERRERS = 1000;

export function listReferrers(
  { database }: HostingParts,
  repository: string,
  subject: Digest,
  { artifactType, after = '' }: ReferrerQuery,
): { list: Referrer[]; more: boolean } {
  const rows = database.all<ReferrerRow>(
    `SELECT digest, media_type, size, artifact_type, annotations FROM manifest
       WHERE repository = ?1 AND subject = ?2 AND digest > ?3 AND (?4 IS NULL OR artifact_type = ?4)
       ORDER BY digest LIMIT ?5`,
    repository,
    subject,
    after,
    artifactType ?? null,
    MOST_REFERRERS + 1,
  );
  const list: Referrer[] = [];
  for (let bytes = 0; list.length < Math.min(rows.length, MOST_REFERRERS);) {
    const referrer = referrerOf(rows[list.length] as ReferrerRow);
    bytes += JSON.stringify(referrer).length;
    if (bytes > LARGEST_LIST && list.length > 0) break;
    list.push(referrer);
  }
  return { list, more: list.length < rows.length };
}

function referrerOf(row: ReferrerRow): Referrer {
  return {
    mediaType: row.media_type,
    digest: row.digest,
    size: row.size,
    ...(row.artifact_type === null ? {} : { artifactType: row.artifact_type }),
    ...(row.annotations === null ? {} : { annotations: JSON.parse(row.annotations) as Record<string, string> }),
  };
}
