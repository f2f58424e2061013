import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { ByteWriter } from '#kernel/byte-writer.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { RLIMITS } from '#kernel/rlimits.ts';

/** What is asked again before a stored plan is executed (front/stored_checks.c); the payload of each follows its number. */
const CHECK = { end: 0, ids: 1, limits: 2, kernel: 3, kind: 4, same: 5, text: 6, link: 7 } as const;
const KIND_OF_FILE = 0o170000;

/** Gathers the facts that a plan was made from, as they are now. Each throws when what it names is not there. */
export class Checks {
  readonly #out = new ByteWriter(2048);

  /** Who this process is, what it may do, and which kernel this is. */
  self(facts: HostFacts): this {
    this.#out.u32(CHECK.ids);
    this.#out.u32(facts.uid);
    this.#out.u64(facts.bounding);
    this.#out.u64(facts.effective);
    this.#out.u32(CHECK.limits);
    for (const name of Object.keys(RLIMITS)) {
      const limit = facts.hardLimits[name];
      if (limit === undefined) this.#out.u64(-1n);
      else this.#out.u64Number(limit);
    }
    this.#out.u32(CHECK.kernel);
    this.#out.text(release(), 'utf8');
    this.same('/proc/self/ns/user');
    return this.#cgroups(facts);
  }

  #cgroups({ cgroup }: HostFacts): this {
    for (const { mountPoint } of cgroup.hierarchies) this.same(mountPoint);
    if (cgroup.unified === undefined) return this;
    const { mountPoint } = cgroup.unified;
    this.same(mountPoint);
    return cgroup.mode === 'v2'
      ? this.text(`${mountPoint}/cgroup.controllers`).text(`${mountPoint}/cgroup.subtree_control`)
      : this;
  }

  /** The very same file, directory or namespace. */
  same(path: string): this {
    const { dev, ino } = statSync(path);
    return this.#path(CHECK.same, path, (out) => {
      out.u64Number(dev);
      out.u64Number(ino);
    });
  }

  /** Something of the same kind. */
  kind(path: string): this {
    const { mode } = statSync(path);
    return this.#path(CHECK.kind, path, (out) => out.u32(mode & KIND_OF_FILE));
  }

  /** A small file with the same words. */
  text(path: string): this {
    const content = readFileSync(path, 'utf8');
    return this.#path(CHECK.text, path, (out) => out.text(content, 'utf8'));
  }

  /** A symlink that says the same, or something that is still none. */
  link(path: string): this {
    const target = lstatSync(path).isSymbolicLink() ? readlinkSync(path) : '';
    return this.#path(CHECK.link, path, (out) => out.text(target, 'utf8'));
  }

  take(): Uint8Array {
    this.#out.u32(CHECK.end);
    return this.#out.take();
  }

  #path(kind: number, path: string, rest: (out: ByteWriter) => void): this {
    this.#out.u32(kind);
    this.#out.text(path, 'utf8');
    rest(this.#out);
    return this;
  }
}
