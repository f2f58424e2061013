import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Fault } from '#base/fault.ts';
import { Digester, type Digest } from '#store/digest.ts';
import type { TarEntry, TarEvents } from './tar-entry.ts';
import { TarReader } from './tar-reader.ts';
import { untilAborted } from './until-aborted.ts';
import { unwrap } from './unwrap.ts';

/** A file of an archive, laid down in a private directory. */
export interface SpooledFile {
  path: string;
  size: number;
  /** sha256 of its bytes. */
  digest: Digest;
}

/** The files of an archive by name. Names are only looked up here, never used as paths. */
export interface SpooledArchive {
  /** Follows the archive's own links. */
  get(name: string): SpooledFile | undefined;
}

/** An image of 127 layers has some 400; far more is an attack on memory. */
const MOST_ENTRIES = 100_000;
const LONGEST_NAME = 4096;
const MOST_LINKS = 8;

/**
 * Lays the files of an archive down below `directory`, numbered, and hashes them on the way. Throws `corrupt` for what
 * is no archive, `cancelled`, and the errors of a full disk.
 */
export async function spoolArchive(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<SpooledArchive> {
  mkdirSync(directory, { mode: 0o700 });
  const spool = new Spool(directory);
  try {
    await unwrap(untilAborted(source, signal), async (chunks) => {
      const reader = new TarReader(spool);
      for await (const chunk of chunks) {
        reader.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      }
      reader.finish();
      spool.finish();
    });
    return spool;
  } finally {
    spool.close();
  }
}

class Spool implements TarEvents, SpooledArchive {
  readonly #directory: string;
  readonly #files = new Map<string, SpooledFile>();
  readonly #links = new Map<string, string>();
  #entries = 0;
  #open: { name: string; fd: number; path: string; size: number; digester: Digester } | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get(name: string): SpooledFile | undefined {
    let at = posix.normalize(name);
    for (let hops = 0; hops < MOST_LINKS; hops += 1) {
      const file = this.#files.get(at);
      if (file !== undefined) return file;
      const next = this.#links.get(at);
      if (next === undefined) return undefined;
      at = next;
    }
    return undefined;
  }

  entry(entry: TarEntry): void {
    this.finish();
    if (++this.#entries > MOST_ENTRIES) throw new Fault('corrupt', `the archive has more than ${MOST_ENTRIES} entries`);
    if (entry.name.length > LONGEST_NAME || entry.link.length > LONGEST_NAME) {
      throw new Fault('corrupt', `the archive has a name of more than ${LONGEST_NAME} bytes`);
    }
    const name = nameOf(entry.name);
    if (entry.kind === 'hardlink') this.#links.set(name, nameOf(entry.link));
    else if (entry.kind === 'symlink') this.#links.set(name, posix.join(posix.dirname(name), nameOf(entry.link)));
    else if (entry.kind === 'file') this.#begin(name, entry.size);
  }

  data(offset: number, bytes: Uint8Array): void {
    const file = this.#open;
    if (file === undefined || offset !== file.digester.size) throw sparse();
    file.digester.update(bytes);
    for (let done = 0; done < bytes.length;) done += writeSync(file.fd, bytes, done);
  }

  /** The file before is whole. */
  finish(): void {
    const file = this.#open;
    if (file === undefined) return;
    this.close();
    if (file.digester.size !== file.size) throw sparse();
    this.#files.set(file.name, { path: file.path, size: file.size, digest: file.digester.digest() });
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  #begin(name: string, size: number): void {
    const path = join(this.#directory, String(this.#entries));
    this.#open = { name, fd: openSync(path, 'wx', 0o600), path, size, digester: new Digester() };
    this.#links.delete(name);
    this.#files.delete(name);
  }
}

/** Names of an archive are bytes, those of its documents are UTF-8. */
function nameOf(bytes: string): string {
  return posix.normalize(Buffer.from(bytes, 'latin1').toString()).replace(/\/$/, '');
}

function sparse(): Fault {
  return new Fault('unsupported', 'read the archive: a file of it has holes, which no image archive needs');
}
