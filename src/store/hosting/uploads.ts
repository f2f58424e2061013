import { randomUUID } from 'node:crypto';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { newOwner, ownerLives } from '#store/content/work-area.ts';
import { algorithmOf, Digester, type Digest } from '#store/digest.ts';
import { hashFile, linkBlob } from './blobs.ts';
import { checkChunk, syncFile, writeChunk } from './chunk.ts';
import type { HostingParts } from './parts.ts';
import type { Uploads } from './port.ts';
import { refusal } from './refusal.ts';

/** The hashes of uploads under way; another process, or this one after a restart, reads what is there again. */
type Hashes = Map<string, Digester>;
const MOST_HASHES = 256;
/** A request that was cut has often not been noticed when the next one comes. */
const PATIENCE_MS = 1000;

/** Uploads are files of their own beside the blobs, and rows: what arrived survives the end of the process. */
export function openUploads(parts: HostingParts): Uploads {
  const { files } = parts;
  const hashes: Hashes = new Map();
  return {
    start: (repository, algorithm) => start(parts, repository, algorithm),
    size: (repository, id) => known(parts, repository, id).size,
    append: (repository, id, chunk) =>
      alone(parts, repository, id, async () => {
        const { size, algorithm } = known(parts, repository, id);
        checkChunk(chunk, size);
        const digester = hashFor(hashes, id, size, algorithm);
        const writing = { size, chunk, ...(digester === undefined ? {} : { digester }) };
        try {
          return await writeChunk(files.upload(id), writing);
        } finally {
          // What was taken back has been hashed, and another process may put other bytes in its place.
          if (digester !== undefined && digester.size !== known(parts, repository, id).size) hashes.delete(id);
        }
      }),
    finish: (repository, id, digest) =>
      alone(parts, repository, id, async () => {
        const { size } = known(parts, repository, id);
        const path = files.upload(id);
        const kept = hashes.get(id);
        const usable = kept?.size === size && kept.algorithm === algorithmOf(digest);
        const digester = usable ? kept : await hashFile(path, algorithmOf(digest), size);
        hashes.delete(id);
        const actual = digester.digest();
        if (actual !== digest) {
          drop(parts, id);
          throw refusal('DIGEST_INVALID', `what was sent is ${actual}, not ${digest}`);
        }
        await syncFile(path);
        adopt(parts, { repository, id, digest, size });
      }),
    cancel: (repository, id) =>
      alone(parts, repository, id, async () => {
        hashes.delete(id);
        drop(parts, id);
      }),
  };
}

function start({ database, files }: HostingParts, repository: string, algorithm: 'sha256' | 'sha512'): string {
  const id = randomUUID();
  const insert = 'INSERT INTO upload (id, repository, algorithm, touched) VALUES (?, ?, ?, ?)';
  // A sweep of another process takes files without a row, and rows without a file.
  database.transaction(() => {
    database.run(insert, id, repository, algorithm, Date.now());
    writeFileSync(files.upload(id), '', { flag: 'wx', mode: 0o600 });
  });
  return id;
}

interface Known {
  size: number;
  algorithm: 'sha256' | 'sha512';
}

function known({ database, files }: HostingParts, repository: string, id: string): Known {
  const row = database.get<Known>('SELECT algorithm FROM upload WHERE id = ? AND repository = ?', id, repository);
  const size = statSync(files.upload(id), { throwIfNoEntry: false })?.size;
  if (row !== undefined && size !== undefined) return { size, algorithm: row.algorithm };
  throw refusal('BLOB_UPLOAD_UNKNOWN', 'there is no such upload: it was finished, cancelled or given up');
}

function drop({ database, files }: HostingParts, id: string): void {
  database.durably(() => database.run('DELETE FROM upload WHERE id = ?', id));
  rmSync(files.upload(id), { force: true });
}

/** Does something to an upload as the only one. */
async function alone<T>(parts: HostingParts, repository: string, id: string, work: () => Promise<T>): Promise<T> {
  known(parts, repository, id);
  const writer = await claim(parts, id);
  try {
    return await work();
  } finally {
    const release = 'UPDATE upload SET writer = NULL, touched = ? WHERE id = ? AND writer = ?';
    parts.database.run(release, Date.now(), id, writer);
  }
}

/** Notes this request as the one that writes. */
async function claim({ database }: HostingParts, id: string): Promise<string> {
  const writer = newOwner();
  const take = (): boolean =>
    database.transaction(() => {
      const row = database.get<{ writer: string | null }>('SELECT writer FROM upload WHERE id = ?', id);
      if (row !== undefined && row.writer !== null && ownerLives(row.writer)) return false;
      database.run('UPDATE upload SET writer = ? WHERE id = ?', writer, id);
      return true;
    });
  for (const end = Date.now() + PATIENCE_MS; !take(); await sleep(20)) {
    if (Date.now() < end) continue;
    throw refusal('BLOB_UPLOAD_INVALID', 'another request is writing to this upload', 409);
  }
  return writer;
}

function hashFor(hashes: Hashes, id: string, size: number, algorithm: 'sha256' | 'sha512'): Digester | undefined {
  const kept = hashes.get(id);
  if (kept?.size === size) return kept;
  hashes.delete(id);
  // What is there already is read once, at the end.
  if (size > 0) return undefined;
  const [oldest] = hashes.keys();
  if (oldest !== undefined && hashes.size >= MOST_HASHES) hashes.delete(oldest);
  const digester = new Digester(algorithm);
  hashes.set(id, digester);
  return digester;
}

interface Finished {
  repository: string;
  id: string;
  digest: Digest;
  size: number;
}

/** The file moves and the rows change in one transaction, so that a collection sees all of it or nothing. */
function adopt(parts: HostingParts, { repository, id, digest, size }: Finished): void {
  const { database, files } = parts;
  database.durably(() => {
    // In place of one that is there already: what was just hashed is the better one.
    files.adopt(files.upload(id), digest);
    const insert = 'INSERT INTO blob (digest, size, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
    database.run(insert, digest, size, Date.now());
    linkBlob(parts, repository, digest);
    database.run('DELETE FROM upload WHERE id = ?', id);
  });
}
