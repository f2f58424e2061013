import { Fault } from '#base/fault.ts';
import { fileStepOf } from '#store/archive/file-step.ts';
import type { StepQueue } from '#store/archive/step-queue.ts';
import type { Owner, Shift } from '#engine/userns/shift.ts';
import type { TarEntry, TarEvents } from '#store/archive/tar-entry.ts';

export interface CopyWish {
  /** What the first part of each name becomes; undefined: names stay. */
  as?: string;
  /** Owner of everything; undefined: as the archive has it, with device nodes, setuid bits and attributes. */
  owner?: Owner;
  /** Who makes the files, where root of the machine has no number. */
  maker?: Owner;
  /** Numbers as they have to be where the files are made. */
  shift?: Shift;
}

const SET_IDS = 0o6000;
const KEPT_XATTR = /^(?:user\.|security\.capability$)/;

/** Turns the entries of an archive into file steps for a copy. What climbs is refused by the launcher. */
export class CopySteps implements TarEvents {
  readonly #out: StepQueue;
  readonly #wish: CopyWish;
  /** Bytes of files so far. */
  bytes = 0;

  constructor(out: StepQueue, wish: CopyWish) {
    this.#out = out;
    // Names of archives are byte strings.
    this.#wish = { ...wish, ...(wish.as === undefined ? {} : { as: Buffer.from(wish.as).toString('latin1') }) };
    out.step({ op: 'keepKinds', ...wish.maker });
  }

  entry(entry: TarEntry): void {
    const path = this.#rename(entry.name);
    if (path === '') return;
    this.bytes += entry.size;
    this.#out.step(fileStepOf(this.#owned({ ...entry, link: this.#linkOf(entry) }), path));
  }

  data(offset: number, bytes: Uint8Array): void {
    this.#out.data(offset, bytes);
  }

  finish(): void {
    this.#out.step({ op: 'end', sync: 0 });
  }

  #owned(entry: TarEntry): TarEntry {
    const owned = this.#withOwner(entry);
    return this.#wish.shift === undefined ? owned : { ...owned, ...this.#wish.shift(owned) };
  }

  #withOwner(entry: TarEntry): TarEntry {
    const { owner } = this.#wish;
    if (owner === undefined) return { ...entry, xattrs: keptXattrs(entry.xattrs) };
    if (entry.kind === 'character' || entry.kind === 'block') {
      throw new Fault('denied', `copy ${entry.name}: a device node is only copied with --archive`, {
        field: '--archive',
      });
    }
    // What belonged to somebody else must not become a program with the new owner's rights.
    return { ...entry, ...owner, mode: entry.mode & ~SET_IDS, xattrs: [] };
  }

  #linkOf({ kind, link }: TarEntry): string {
    return kind === 'hardlink' ? this.#rename(link) : link;
  }

  #rename(name: string): string {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    const { as } = this.#wish;
    return as === undefined ? parts.join('/') : [as, ...parts.slice(1)].join('/');
  }
}

function keptXattrs(pairs: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at] ?? '';
    if (KEPT_XATTR.test(name)) kept.push(name, pairs[at + 1] ?? '');
  }
  return kept;
}
