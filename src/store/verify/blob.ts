import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, isFault, sentence } from '#base/fault.ts';
import { algorithmOf, Digester, type Digest } from '#store/digest.ts';
import type { StoreParts } from '#store/parts.ts';
import { createBlobFile } from '#store/pull/blob-file.ts';
import { syncFileSystem } from '#store/pull/sync.ts';
import { verified } from '#store/pull/verified.ts';
import type { RepositoryClient } from '#store/registry/client.ts';
import type { BlobSubject } from './subjects.ts';

/** A repository that content came from, and its name. */
export interface Origin {
  name: string;
  client: RepositoryClient;
}

/** By the names of an image or index in full. */
export type Origins = (names: readonly string[]) => Promise<readonly Origin[]>;

/** Larger ones are no documents. */
const LARGEST_MANIFEST = 4 * 1024 * 1024;

/** What is wrong with the file of a blob; undefined when every byte is right. */
export async function blobProblem(
  { blobs, database }: StoreParts,
  { digest }: Pick<BlobSubject, 'digest'>,
  onBytes: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (!blobs.has(digest)) {
    const row = database.get('SELECT 1 FROM blob WHERE digest = ?', digest);
    return row === undefined ? 'is missing' : 'its file is missing or has another size';
  }
  const digester = new Digester(algorithmOf(digest));
  try {
    for await (const chunk of blobs.stream(digest)) {
      if (signal?.aborted === true) throw new Fault('cancelled', 'verify', { cause: signal.reason });
      digester.update(chunk);
      onBytes(digester.size);
    }
  } catch (error) {
    if (isFault(error)) throw error;
    return `cannot be read: ${sentence(error)}`;
  }
  const actual = digester.digest();
  return actual === digest ? undefined : `its content has the digest ${actual}`;
}

/** Fetches a blob again by its digest and puts it in place in one step. Gives how, or why it could not be. */
export async function mendBlob(
  parts: StoreParts,
  subject: BlobSubject,
  area: string,
  origins: Origins,
): Promise<{ mended: boolean; outcome: string }> {
  const failures: string[] = [];
  for (const names of namesOf(subject)) {
    for (const { name, client } of await origins(names)) {
      const file = join(area, subject.digest.replace(':', '-'));
      try {
        const size = await fetchTo(file, client, subject);
        await syncFileSystem(parts.launcher, area);
        parts.database.durably(() => place(parts, file, subject, size));
        return { mended: true, outcome: `fetched again from ${name}` };
      } catch (error) {
        if (isFault(error, 'cancelled', 'exhausted')) throw error;
        failures.push(`${name}: ${sentence(error)}`);
        await rm(file, { force: true });
      }
    }
  }
  const outcome = failures.length > 0 ? failures.join('; ') : 'it came from no registry; load or make the image again';
  return { mended: false, outcome };
}

/** A pull has left an image's name by digest, which says where it came from. Indexes may have no other name than tags. */
function namesOf({ images, indexes }: BlobSubject): (readonly string[])[] {
  return [...images.map(({ digests }) => digests), ...indexes.map(({ digests, names }) => [...digests, ...names])];
}

/** The bytes of a document, which registries give at another address; undefined for what is no document there. */
async function documentAt(client: RepositoryClient, { digest, role, size }: BlobSubject): Promise<Buffer | undefined> {
  if (role === 'manifest') return (await client.manifest(digest)).bytes;
  if (role !== 'other' || (size ?? 0) > LARGEST_MANIFEST) return undefined;
  try {
    return (await client.manifest(digest)).bytes;
  } catch (error) {
    // Indexes lead to documents and to blobs alike.
    if (size !== undefined && isFault(error, 'notFound', 'invalid', 'corrupt', 'unsupported')) return undefined;
    throw error;
  }
}

/** Gives its size. */
async function fetchTo(file: string, client: RepositoryClient, subject: BlobSubject): Promise<number> {
  const { digest, size } = subject;
  const bytes = await documentAt(client, subject);
  const length = bytes?.length ?? size;
  if (length === undefined) throw new Fault('notFound', 'nothing says how large it is');
  const content = bytes === undefined ? client.blob(digest, length) : once(bytes);
  const out = await createBlobFile(file);
  try {
    for await (const chunk of verified(content, { mediaType: '', digest, size: length })) await out.write(chunk);
    await out.finish();
  } finally {
    await out.close();
  }
  return length;
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** A reconciliation may have forgotten the blob, so the images and indexes are told of it again. */
function place(
  { database, blobs }: StoreParts,
  file: string,
  { digest, images, indexes }: BlobSubject,
  size: number,
): void {
  blobs.adopt(file, digest, size);
  const link = `INSERT OR IGNORE INTO image_blob (image, digest) SELECT id, ?2 FROM image WHERE id = ?1`;
  for (const { configDigest } of images) database.run(link, configDigest satisfies Digest, digest);
  const keep = `INSERT OR IGNORE INTO index_blob (index_id, digest) SELECT id, ?2 FROM image_index WHERE id = ?1`;
  for (const { id } of indexes) database.run(keep, id, digest);
}
