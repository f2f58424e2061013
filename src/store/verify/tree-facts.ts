import { createHash, type Hash } from 'node:crypto';
import type { TarEntry, TarEvents } from '#store/archive/tar-entry.ts';
import { TarReader } from '#store/archive/tar-reader.ts';

/** What is to be known of one object of a tree; names of one inode share theirs. */
export interface TreeFact {
  kind: string;
  mode: number;
  owner: string;
  size: number;
  /** Whole seconds. */
  mtime: number;
  link: string;
  device: string;
  xattrs: string;
  /** Of a file's bytes. */
  content: string;
  /** All its names, sorted. */
  names: string[];
}

/** Paths are byte strings (latin1). */
export type Tree = Map<string, TreeFact>;

/** Reads the archive of a tree and keeps no content of it, only hashes. Throws `corrupt`. */
export async function treeFacts(archive: AsyncIterable<Uint8Array>): Promise<Tree> {
  const collector = new Collector();
  const reader = new TarReader(collector);
  for await (const chunk of archive) reader.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  reader.finish();
  collector.finish();
  return collector.tree;
}

class Collector implements TarEvents {
  readonly tree: Tree = new Map();
  #fact: TreeFact | undefined;
  #hash: Hash | undefined;

  entry(entry: TarEntry): void {
    this.#close();
    const path = entry.name.replace(/\/$/, '');
    // The root is compared by itself: an archive has it only where it is unusual.
    if (path === '.') return;
    const known = entry.kind === 'hardlink' ? this.tree.get(entry.link) : undefined;
    const fact = known ?? factOf(entry);
    fact.names.push(path);
    this.tree.set(path, fact);
    this.#fact = known === undefined ? fact : undefined;
    this.#hash = entry.kind === 'file' ? createHash('sha256') : undefined;
  }

  data(_offset: number, bytes: Uint8Array): void {
    this.#hash?.update(bytes);
  }

  finish(): void {
    this.#close();
    for (const fact of this.tree.values()) fact.names.sort();
  }

  #close(): void {
    if (this.#fact !== undefined && this.#hash !== undefined) this.#fact.content = this.#hash.digest('base64');
  }
}

function factOf({ kind, mode, uid, gid, size, mtimeSec, link, major, minor, xattrs }: TarEntry): TreeFact {
  const pairs = xattrs.flatMap((name, at) => (at % 2 === 0 ? [`${name}=${xattrs[at + 1] ?? ''}`] : []));
  return {
    kind,
    mode,
    owner: `${uid}:${gid}`,
    size,
    mtime: mtimeSec,
    link,
    device: kind === 'character' || kind === 'block' ? `${major}:${minor}` : '',
    xattrs: pairs.sort().join(),
    content: '',
    names: [],
  };
}
