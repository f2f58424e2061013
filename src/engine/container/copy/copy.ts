import { closeSync, openSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { OPEN } from '#kernel/linux.ts';
import { unwrap } from '#store/archive/unwrap.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { hostSource, packContents, placeOnHost } from './host.ts';
import { insideOf, outsideOf, type Shift } from '#engine/userns/shift.ts';
import { findInside, type Inside } from './inside.ts';
import { meansContents, placeCopy, type CopySource, type CopyTarget } from './place.ts';
import { hasMounts } from './resting-mounts.ts';
import { withContainerRoot } from './root.ts';
import type { CopyWish } from './steps.ts';
import { unpackCopy } from './unpack.ts';

export interface CopyWishes {
  /** Keep owners, device nodes and attributes; else all belongs to who asks, and inside to root. */
  archive: boolean;
  /** Copy what a link in the last place of the source leads to. */
  follow: boolean;
}

type Chunks = AsyncIterable<Uint8Array>;

/** From a container to a path of this machine. Gives the bytes of the files. */
export function copyFromContainer(
  engine: Engine,
  record: ContainerRecord,
  path: string,
  destination: string,
  { archive, follow }: CopyWishes,
): Promise<number> {
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  return withSource(engine, record, path, follow, (source, pack, running) => {
    const { directory, as } = placeOnHost(source, destination);
    const shift = running && archive ? insideOf(record.options.userns) : undefined;
    const wish = { ...(as === undefined ? {} : { as }), ...(archive ? {} : { owner }), ...shifted(shift) };
    return unpackCopy(engine.launcher, pack(as === undefined), directory, wish);
  });
}

/** From a container as a tar archive. */
export function archiveFromContainer(
  engine: Engine,
  record: ContainerRecord,
  path: string,
  { follow }: CopyWishes,
  write: (archive: Chunks) => Promise<void>,
): Promise<void> {
  return withSource(engine, record, path, follow, (source, pack) => write(pack(source.contents)));
}

/** From a path of this machine into a container. */
export function copyToContainer(
  engine: Engine,
  record: ContainerRecord,
  path: string,
  destination: string,
  { archive, follow }: CopyWishes,
): Promise<number> {
  const source = hostSource(path, follow);
  const owner = { uid: 0, gid: 0 };
  return withTarget(engine, record, destination, (target, open, shift) => {
    const { below, as } = placeCopy(source, target);
    const wish = { ...(as === undefined ? {} : { as }), ...(archive ? {} : { owner }), ...madeInside(shift) };
    return open(below, (directory) =>
      unpackCopy(engine.launcher, source.archive(engine.launcher, as === undefined), directory, wish),
    );
  });
}

/** From a tar archive, compressed or not, into a directory of a container; owners are as the archive has them. */
export function archiveToContainer(
  engine: Engine,
  record: ContainerRecord,
  archive: Chunks,
  destination: string,
): Promise<number> {
  return withTarget(engine, record, destination, (target, open, shift) => {
    if (target.kind !== 'directory') {
      throw new Fault('invalid', `copy: "${destination}" must be a directory of the container`, { field: 'DEST_PATH' });
    }
    return open('itself', async (directory) => {
      let bytes = 0;
      await unwrap(archive, async (plain) => {
        bytes = await unpackCopy(engine.launcher, plain, directory, madeInside(shift));
      });
      return bytes;
    });
  });
}

/** Docker's word for either way: out of the container as an archive, or into a directory of it. */
async function noted<T>(
  engine: Engine,
  record: ContainerRecord,
  action: 'archive-path' | 'extract-to-dir',
  copy: Promise<T>,
): Promise<T> {
  const result = await copy;
  noteContainer(engine, record, action);
  return result;
}

function withSource<T>(
  engine: Engine,
  record: ContainerRecord,
  path: string,
  follow: boolean,
  work: (source: CopySource, pack: (contents: boolean) => Chunks, running: boolean) => Promise<T>,
): Promise<T> {
  const copy = withContainerRoot(engine, record, (root, running) =>
    within(findInside(root, bytesOf(path), follow || meansContents(path)), (found) => {
      const { stat, parent, name } = found;
      if (stat === undefined) throw missing(record, path);
      const isDirectory = stat.isDirectory();
      if (/\/\.?$/.test(path) && !isDirectory) {
        throw new Fault('invalid', `copy ${path}: it is no directory`, { field: 'SRC_PATH' });
      }
      const as = name === '' ? '' : (lastPart(path) ?? name);
      const contents = meansContents(path) || name === '';
      const pack = (inner: boolean): Chunks =>
        inner || name === ''
          ? packDirectory(engine, found)
          : engine.launcher.packOne(`/proc/self/fd/${parent}`, { name: textOf(name), as });
      return work({ isDirectory, contents, name: as }, pack, running);
    }),
  );
  return noted(engine, record, 'archive-path', copy);
}

const shifted = (shift: Shift | undefined): Pick<CopyWish, 'shift'> => (shift === undefined ? {} : { shift });
const madeInside = (shift: Shift | undefined): Pick<CopyWish, 'shift' | 'maker'> =>
  shift === undefined ? {} : { shift, maker: shift({ uid: 0, gid: 0 }) };

type OpenTarget<T> = (below: 'itself' | 'parent', work: (directory: string) => Promise<T>) => Promise<T>;

function withTarget<T>(
  engine: Engine,
  record: ContainerRecord,
  path: string,
  work: (target: CopyTarget, open: OpenTarget<T>, shift: Shift | undefined) => Promise<T>,
): Promise<T> {
  const copy = withContainerRoot(engine, record, (root, running) => {
    if (record.options.readOnly && !running && !hasMounts(record.options)) {
      throw new Fault('conflict', `copy to container ${record.name}: its root is read-only`, {
        hint: 'While it runs, its writable mounts can be copied to.',
      });
    }
    return within(findInside(root, bytesOf(path), true), (found) => {
      const { stat, name } = found;
      const kind = stat === undefined ? 'missing' : stat.isDirectory() ? 'directory' : 'other';
      const shift = running ? outsideOf(record.options.userns) : undefined;
      const open: OpenTarget<T> = async (below, inner) => {
        const fd = below === 'itself' ? openDirectory(found) : found.parent;
        try {
          return await inner(`/proc/self/fd/${fd}`);
        } finally {
          if (fd !== found.parent) closeSync(fd);
        }
      };
      return work({ path, kind, name: textOf(name) }, open, shift);
    });
  });
  return noted(engine, record, 'extract-to-dir', copy);
}

async function within<T>(found: Inside, work: (found: Inside) => Promise<T>): Promise<T> {
  try {
    return await work(found);
  } finally {
    found.close();
  }
}

/** The directory that was found, and no link that has come into its place since. */
function openDirectory({ parent, name }: Inside): number {
  if (name === '') return parent;
  return openSync(Buffer.from(`/proc/self/fd/${parent}/${name}`, 'latin1'), OPEN.path | OPEN.directory | OPEN.noFollow);
}

async function* packDirectory(engine: Engine, found: Inside): AsyncGenerator<Uint8Array, void, undefined> {
  const fd = openDirectory(found);
  try {
    yield* packContents(engine.launcher, `/proc/self/fd/${fd}`);
  } finally {
    if (fd !== found.parent) closeSync(fd);
  }
}

/** Names inside are byte strings; those of the command line are UTF-8. */
const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');
const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString();

/** The last name that a path is written with; undefined when it ends in dots, which name nothing. */
function lastPart(path: string): string | undefined {
  const last = path.split('/').findLast((part) => part !== '' && part !== '.');
  return last === '..' ? undefined : last;
}

function missing(record: ContainerRecord, path: string): Fault {
  return new Fault('notFound', `Could not find the file ${path} in container ${record.name}`, { field: 'SRC_PATH' });
}
