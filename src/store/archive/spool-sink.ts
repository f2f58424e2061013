import { closeSync, linkSync, openSync, writeSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Fault } from '#base/fault.ts';
import { Digester, type Digest } from '#store/digest.ts';
import type { TarEntry, TarEvents } from './tar-entry.ts';

/** A file of an archive, laid down in a private directory. */
export interface SpooledFile {
  path: string;
  size: number;
  /** sha256 of its bytes. */
  digest: Digest;
}

/** A file that is being laid down. */
export interface OpenFile {
  readonly path: string;
  /** Bytes that the archive promises, and those that are there. */
  readonly size: number;
  readonly written: number;
}

/** An image of 127 layers has some 400; far more is an attack on memory. */
const MOST_ENTRIES = 100_000;
const LONGEST_NAME = 4096;
const MOST_LINKS = 8;

/**
 * Lays the files of an archive down below a directory, numbered, and hashes them on the way. Names are only looked up
 * here, never used as paths. Of two files of one name the last counts, as for tar, unless the first has been read already:
 * such an archive is refused.
 */
export class Spool implements TarEvents {
  readonly #directory: string;
  readonly #files = new Map<string, SpooledFile>();
  readonly #links = new Map<string, string>();
  /** Where files will lie that have not come yet. */
  readonly #reserved = new Map<string, string>();
  /** Names, of files and links, that somebody has been told about. */
  readonly #read = new Set<string>();
  #entries = 0;
  #numbers = 0;
  #open: { name: string; fd: number; path: string; size: number; digester: Digester } | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A whole file; follows the archive's own links. */
  get(name: string): SpooledFile | undefined {
    const file = this.#files.get(this.#followed(name));
    if (file !== undefined) this.#rely(name);
    return file;
  }

  /** A file of which a part has come, or all. */
  begun(name: string): OpenFile | undefined {
    const file = this.get(name);
    if (file !== undefined) return { ...file, written: file.size };
    const open = this.#open;
    if (open?.name !== this.#followed(name)) return undefined;
    this.#rely(name);
    return { path: open.path, size: open.size, written: open.digester.size };
  }

  /** Where a file lies or will lie, if it comes at all and is not a link: then `settle` makes it lie there too. */
  placeOf(name: string): string {
    const there = this.begun(name)?.path;
    if (there !== undefined) return there;
    const at = this.#followed(name);
    const path = this.#reserved.get(at) ?? this.#nextPath();
    this.#reserved.set(at, path);
    return path;
  }

  /** The place that was told for a name before it came as a link is a link as well. */
  settle(name: string, path: string): void {
    const told = this.#reserved.get(posix.normalize(name));
    if (told === undefined || told === path) return;
    this.#reserved.delete(posix.normalize(name));
    linkSync(path, told);
  }

  entry(entry: TarEntry): void {
    this.finish();
    if (++this.#entries > MOST_ENTRIES) throw new Fault('corrupt', `the archive has more than ${MOST_ENTRIES} entries`);
    if (entry.name.length > LONGEST_NAME || entry.link.length > LONGEST_NAME) {
      throw new Fault('corrupt', `the archive has a name of more than ${LONGEST_NAME} bytes`);
    }
    const name = nameOf(entry.name);
    if (this.#read.has(name)) throw new Fault('corrupt', `the archive has ${JSON.stringify(name)} twice`);
    this.#files.delete(name);
    this.#links.delete(name);
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
    const path = this.#reserved.get(name) ?? this.#nextPath();
    this.#open = { name, fd: openSync(path, 'wx', 0o600), path, size, digester: new Digester() };
  }

  #nextPath(): string {
    return join(this.#directory, String(++this.#numbers));
  }

  /** Somebody has been told about the file: what it is must not change any more. */
  #rely(name: string): void {
    for (const at of this.#hops(name)) this.#read.add(at);
  }

  #followed(name: string): string {
    return this.#hops(name).at(-1) ?? name;
  }

  #hops(name: string): string[] {
    const hops = [posix.normalize(name)];
    for (let next = this.#links.get(hops[0] ?? ''); next !== undefined && hops.length <= MOST_LINKS;) {
      hops.push(next);
      next = this.#links.get(next);
    }
    return hops;
  }
}

/** Names of an archive are bytes, those of its documents are UTF-8. */
function nameOf(bytes: string): string {
  return posix.normalize(Buffer.from(bytes, 'latin1').toString()).replace(/\/$/, '');
}

function sparse(): Fault {
  return new Fault('unsupported', 'read the archive: a file of it has holes, which no image archive needs');
}
