import { closeSync, fstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { OPEN } from '#kernel/linux.ts';

const MOST_LINKS = 40;

/** A path below a root, found without ever leaving it. */
export interface Inside {
  /** Descriptor (O_PATH) of the directory that holds it; of the root itself when the name is empty. */
  parent: number;
  /** A byte string; empty for the root. */
  name: string;
  /** The object, a link not followed further; undefined when there is none. */
  stat: Stats | undefined;
  close(): void;
}

/**
 * Finds a path in a tree that is not to be trusted and may be changing. One component at a time, each opened below
 * the descriptor of the one before without following links; links are read and walked here, so an absolute one starts
 * at the root again and `..` stops there. Paths are byte strings. `follow`: also a link in the last place.
 */
export function findInside(root: number, path: string, follow: boolean): Inside {
  const walk = new Walk(root, path);
  try {
    return walk.run(follow || path.endsWith('/'));
  } catch (error) {
    walk.close();
    throw error;
  }
}

class Walk {
  readonly #path: string;
  /** Directories from the root down to where we are. */
  readonly #stack: number[];
  #parts: string[];
  #links = 0;

  constructor(root: number, path: string) {
    this.#path = path;
    this.#stack = [reopen(`/proc/self/fd/${root}`)];
    this.#parts = partsOf(path);
  }

  run(follow: boolean): Inside {
    for (let part = this.#parts.shift(); part !== undefined; part = this.#parts.shift()) {
      if (part === '..') {
        this.#up();
        continue;
      }
      const last = this.#parts.length === 0;
      const fd = this.#open(part);
      if (fd === undefined) {
        if (last) return this.#found(part, undefined);
        throw this.#fault('notFound', `there is no ${part}`);
      }
      const stat = fstatSync(fd);
      if (stat.isDirectory()) {
        this.#stack.push(fd);
        if (!last) continue;
        this.#stack.pop();
        closeSync(fd);
        return this.#found(part, stat);
      }
      closeSync(fd);
      if (stat.isSymbolicLink() && (!last || follow)) this.#follow(part);
      else if (last) return this.#found(part, stat);
      else throw this.#fault('invalid', `${part} is not a directory`);
    }
    return this.#found('', fstatSync(this.#here()));
  }

  close(): void {
    for (const fd of this.#stack.splice(0)) closeSync(fd);
  }

  #here(): number {
    return this.#stack.at(-1) ?? -1;
  }

  #at(part: string): Buffer {
    return Buffer.from(`/proc/self/fd/${this.#here()}/${part}`, 'latin1');
  }

  #open(part: string): number | undefined {
    try {
      return openSync(this.#at(part), OPEN.path | OPEN.noFollow);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw this.#fault('invalid', `open ${part}`, cause);
    }
  }

  #up(): void {
    if (this.#stack.length > 1) closeSync(this.#stack.pop() ?? -1);
  }

  #follow(part: string): void {
    this.#links += 1;
    if (this.#links > MOST_LINKS) throw this.#fault('invalid', 'too many links');
    const target = this.#targetOf(part);
    if (target.startsWith('/')) while (this.#stack.length > 1) this.#up();
    this.#parts = [...partsOf(target), ...this.#parts];
  }

  /** Some links of /proc lead nowhere for who is not in its namespace, such as `self`. */
  #targetOf(part: string): string {
    try {
      return readlinkSync(this.#at(part), { encoding: 'latin1' });
    } catch (cause) {
      throw this.#fault('notFound', `read the link ${part}`, cause);
    }
  }

  #found(name: string, stat: Stats | undefined): Inside {
    return { parent: this.#here(), name, stat, close: () => this.close() };
  }

  #fault(kind: 'notFound' | 'invalid', why: string, cause?: unknown): Fault {
    return new Fault(kind, `find ${this.#path} in the container: ${why}`, cause === undefined ? {} : { cause });
  }
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

const reopen = (path: string): number => openSync(path, OPEN.path | OPEN.directory);
