import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Digester, type Digest } from '#store/digest.ts';
import type { HostingParts } from './parts.ts';
import type { HostedBlob } from './port.ts';
import { refusal } from './refusal.ts';

/** A client that was told that a blob is there will not send it, so a collection must not take it for a while. */
const TOUCH_AFTER_MS = 60_000;
const READ_CHUNK = 256 * 1024;

/** Bytes of a blob that the repository has, and whose file is as long as it was; else undefined. */
function sizeOf({ database, files }: HostingParts, repository: string, digest: Digest): number | undefined {
  const row = database.get<{ size: number }>(
    'SELECT b.size FROM blob b JOIN repository_blob r USING (digest) WHERE r.repository = ? AND r.digest = ?',
    repository,
    digest,
  );
  return statSync(files.blob(digest), { throwIfNoEntry: false })?.size === row?.size ? row?.size : undefined;
}

export const hasBlob = (parts: HostingParts, repository: string, digest: Digest): boolean =>
  sizeOf(parts, repository, digest) !== undefined;

/** Throws BLOB_UNKNOWN. */
export function blobSize(parts: HostingParts, repository: string, digest: Digest): number {
  const size = sizeOf(parts, repository, digest);
  if (size !== undefined) return size;
  throw unknownBlob(digest);
}

/** Notes that somebody relies on it. */
export function touchBlob({ database }: HostingParts, repository: string, digest: Digest): void {
  const now = Date.now();
  database.run(
    'UPDATE repository_blob SET touched = ?1 WHERE repository = ?2 AND digest = ?3 AND touched < ?4',
    now,
    repository,
    digest,
    now - TOUCH_AFTER_MS,
  );
}

export function linkBlob({ database }: HostingParts, repository: string, digest: Digest): void {
  database.run(
    `INSERT INTO repository_blob (repository, digest, touched) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET touched = excluded.touched`,
    repository,
    digest,
    Date.now(),
  );
}

export function mountBlob(parts: HostingParts, repository: string, digest: Digest, from: string): boolean {
  return parts.database.durably(() => {
    if (!hasBlob(parts, from, digest)) return false;
    linkBlob(parts, repository, digest);
    return true;
  });
}

export function deleteBlob({ database }: HostingParts, repository: string, digest: Digest): void {
  const { changes } = database.durably(() =>
    database.run('DELETE FROM repository_blob WHERE repository = ? AND digest = ?', repository, digest),
  );
  if (changes === 0) throw unknownBlob(digest);
}

export async function openBlob(parts: HostingParts, repository: string, digest: Digest): Promise<HostedBlob> {
  const size = blobSize(parts, repository, digest);
  return openFile(parts.files.blob(digest), digest, size);
}

/** An open file stays readable when its name goes. */
export async function openFile(path: string, digest: Digest, size: number): Promise<HostedBlob> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) throw unknownBlob(digest);
  return {
    size,
    stream: (start, end) => readPart(handle, start, end),
    close: () => handle.close(),
  };
}

async function* readPart(
  handle: Awaited<ReturnType<typeof open>>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = start; at < end;) {
    // A new buffer each time: the one before may still be on its way out.
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(Math.min(READ_CHUNK, end - at)), 0, null, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** The digest of a file as far as `size`. */
export async function hashFile(path: string, algorithm: 'sha256' | 'sha512', size: number): Promise<Digester> {
  const digester = new Digester(algorithm);
  const handle = await open(path, 'r');
  try {
    for await (const chunk of readPart(handle, 0, size)) digester.update(chunk);
  } finally {
    await handle.close();
  }
  return digester;
}

export const unknownBlob = (digest: Digest) => refusal('BLOB_UNKNOWN', `the repository has no blob ${digest}`);
