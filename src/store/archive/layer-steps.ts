import { Fault } from '#base/fault.ts';
import { fileStepOf } from './file-step.ts';
import type { Implied } from '#kernel/launcher.ts';
import type { StepQueue } from './step-queue.ts';
import type { TarEntry, TarEvents } from './tar-entry.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const AUFS_PRIVATE = '.wh..wh.';
/** Attributes that would steer the overlay file system itself: a layer has no say in that. */
const OVERLAY_XATTR = /^(?:trusted|user)\.overlay\./;
/** A path that no call takes is left as it is made. */
const LONGEST_IMPLIED = 4096;
/** Of all such paths: a name with a thousand slashes is a thousand of them. */
const MOST_IMPLIED = 8 * 1024 * 1024;
/**
 * Bytes of all names, and so much for each: they are remembered to the end. Three million files of usual names; what has
 * more is an attack on memory, since headers shrink a thousandfold.
 */
const MOST_NAMES = 512 * 1024 * 1024;
const FOR_EACH = 64;

/**
 * Turns the entries of a layer (image-spec layer.md) into file steps in overlay form. Whiteouts only speak of the
 * layers below, wherever they stand in the archive; so they are kept until the end, when it is known which names the
 * layer itself has: a directory of its own becomes opaque, anything else of its own hides what is below already.
 */
export class LayerSteps implements TarEvents {
  readonly #out: StepQueue;
  readonly #directories = new Set<string>(['']);
  readonly #others = new Set<string>();
  readonly #whiteouts = new Set<string>();
  readonly #opaque = new Set<string>();

  /** Directories that the layer does not list, but has something in. */
  readonly #implied = new Set<string>(['']);
  /** The same, with nothing in them but marks. */
  readonly #marksOnly = new Set<string>();
  /** Hard links to files that the layer does not have, or not yet. */
  readonly #lateLinks = new Map<string, string>();

  /** Bytes of the files so far, holes included. */
  bytes = 0;

  readonly #mostNames: number;
  #names = 0;

  /** In a user namespace nobody makes device nodes or gives trusted attributes: a layer goes without. */
  readonly #mapped: boolean;

  constructor(out: StepQueue, { mostNames = MOST_NAMES, mapped = false } = {}) {
    this.#out = out;
    this.#mostNames = mostNames;
    this.#mapped = mapped;
  }

  entry(entry: TarEntry): void {
    this.#names += entry.name.length + entry.link.length + FOR_EACH;
    if (this.#names > this.#mostNames) {
      throw new Fault('corrupt', `read the layer: its names take more than ${this.#mostNames} bytes`);
    }
    const path = normalPath(entry.name);
    const base = path.slice(path.lastIndexOf('/') + 1);
    if (base.startsWith(WHITEOUT)) this.#mark(path, base);
    else {
      const target = entry.kind === 'hardlink' ? this.#lateTarget(normalPath(entry.link)) : undefined;
      this.#remember(path, entry.kind === 'directory');
      if (target === undefined) this.#append(entry, path);
      else this.#linkLater(path, target);
    }
  }

  /** What the layer leaves to those below it, directories first and from above; complete after `finish`. */
  implied(): Implied[] {
    checkImplied([...this.#implied, ...this.#marksOnly]);
    const parents = [...this.#implied].map((path): Implied => ({ kind: 'parent', path }));
    const marks = [...this.#marksOnly].map((path): Implied => ({ kind: 'marks', path }));
    const links = [...this.#lateLinks].map(([path, target]): Implied => ({ kind: 'link', path, target }));
    return [...[...parents, ...marks].sort((a, b) => (a.path < b.path ? -1 : 1)), ...links];
  }

  data(offset: number, bytes: Uint8Array): void {
    this.#out.data(offset, bytes);
  }

  /** The marks of what is deleted, and the end of the stream. */
  finish(sync: boolean): void {
    for (const path of this.#whiteouts) {
      if (this.#directories.has(path)) this.#opaque.add(path);
      else if (!this.#others.has(path)) {
        this.#out.step({ op: 'whiteout', path });
        this.#markAbove(path);
      }
    }
    for (const path of this.#opaque) {
      this.#out.step({ op: 'opaque', path: path === '' ? '.' : path });
      this.#markAbove(`${path}/`);
    }
    this.#out.step({ op: 'end', sync: sync ? 1 : 0 });
  }

  #mark(path: string, base: string): void {
    const parent = path.slice(0, -base.length).replace(/\/$/, '');
    if (base === OPAQUE) {
      this.#opaque.add(parent);
      return;
    }
    if (base.startsWith(AUFS_PRIVATE)) return;
    const name = base.slice(WHITEOUT.length);
    if (name === '' || name === '.' || name === '..') {
      throw new Fault('corrupt', `read the layer: "${path}" deletes nothing that can be named`);
    }
    this.#whiteouts.add(parent === '' ? name : `${parent}/${name}`);
  }

  /** A mark needs the directories above it, which the layer may say nothing of. */
  #markAbove(path: string): void {
    for (const parent of above(path)) {
      if (this.#directories.has(parent)) break;
      if (parent.length <= LONGEST_IMPLIED) this.#marksOnly.add(parent);
    }
  }

  /** Where a hard link leads when that is in a layer below, if anywhere; undefined when it is here, or cannot be. */
  #lateTarget(target: string): string | undefined {
    const late = this.#lateLinks.get(target);
    if (late !== undefined || this.#others.has(target) || this.#directories.has(target)) return late;
    const impossible = /(?:^|\/)\.\.(?:\/|$)/.test(target) || [...above(target)].some((one) => this.#others.has(one));
    return impossible ? undefined : target;
  }

  #linkLater(path: string, target: string): void {
    this.#lateLinks.set(path, target);
    for (const parent of above(target)) {
      if (parent.length <= LONGEST_IMPLIED && !this.#directories.has(parent)) this.#implied.add(parent);
    }
  }

  /** The last entry of a name counts; directories above it exist as well, listed or not. */
  #remember(path: string, directory: boolean): void {
    this.#implied.delete(path);
    this.#lateLinks.delete(path);
    if (directory) {
      this.#directories.add(path);
      this.#others.delete(path);
    } else {
      this.#others.add(path);
      this.#directories.delete(path);
    }
    for (const parent of above(path)) {
      if (this.#directories.has(parent)) break;
      this.#directories.add(parent);
      if (parent.length <= LONGEST_IMPLIED) this.#implied.add(parent);
      this.#others.delete(parent);
    }
  }

  #append(entry: TarEntry, path: string): void {
    if (entry.kind === 'file') this.bytes += entry.size;
    if (this.#mapped && (entry.kind === 'character' || entry.kind === 'block')) return;
    const xattrs = entry.xattrs.length === 0 ? [] : ownXattrs(entry.xattrs, this.#mapped);
    const link = entry.kind === 'hardlink' ? normalPath(entry.link) : entry.link;
    this.#out.step(fileStepOf({ ...entry, link, xattrs }, path));
  }
}

function checkImplied(paths: readonly string[]): void {
  const bytes = paths.reduce((sum, path) => sum + path.length + 1, 0);
  if (bytes <= MOST_IMPLIED) return;
  throw new Fault('corrupt', `unpack the layer: it has files in ${paths.length} directories that it does not list`, {
    facts: { directories: paths.length },
  });
}

/** The directories above a path, nearest first, without the root. */
function* above(path: string): Generator<string> {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1))
    yield path.slice(0, slash);
}

/**
 * Archives write `./a`, `/a` and `a/` for a. What climbs is left as it is: the kernel refuses it. No name holds a NUL byte,
 * which pax records could bring, and which ends one in lists.
 */
function normalPath(name: string): string {
  if (name.includes('\0')) throw new Fault('corrupt', 'read the layer: one of its names holds a NUL byte');
  if (!/^\.?\/|\/\.?\/|\/\.?$|^\.$/.test(name)) return name;
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function ownXattrs(pairs: readonly string[], mapped: boolean): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at] ?? '';
    if (!OVERLAY_XATTR.test(name) && !(mapped && name.startsWith('trusted.'))) kept.push(name, pairs[at + 1] ?? '');
  }
  return kept;
}
