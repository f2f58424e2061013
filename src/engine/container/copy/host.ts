import { basename, dirname, join, resolve } from 'node:path';
import { lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import type { Launcher } from '#kernel/launcher.ts';
import { meansContents, placeCopy, type CopySource, type CopyTarget } from './place.ts';

/** A file or directory of this machine to copy from. */
export interface HostSource extends CopySource {
  archive(launcher: Launcher, contents: boolean): AsyncIterable<Uint8Array>;
}

/** Throws `notFound`. A link is copied as such unless `follow`, a slash behind it or `/.` asks for what it leads to. */
export function hostSource(path: string, follow: boolean): HostSource {
  const contents = meansContents(path);
  const through = follow || contents || path.endsWith('/');
  let real: string;
  let isDirectory: boolean;
  try {
    const whole = resolve(path);
    real = through ? realpathSync(whole) : join(realpathSync(dirname(whole)), basename(whole));
    isDirectory = lstatSync(real).isDirectory();
  } catch (cause) {
    throw new Fault('notFound', `copy ${path}: there is no such file`, { cause, field: 'SRC_PATH' });
  }
  if (path.endsWith('/') && !isDirectory) {
    throw new Fault('invalid', `copy ${path}: it is no directory`, { field: 'SRC_PATH' });
  }
  const only = { name: basename(real), as: basename(resolve(path)) };
  return {
    isDirectory,
    contents: contents || real === '/',
    name: only.as,
    archive: (launcher, inner) => (inner ? packContents(launcher, real) : launcher.packOne(dirname(real), only)),
  };
}

/** What is in a directory, as an archive. Nothing is laid over anything, so no place to mount on is needed. */
export function packContents(launcher: Launcher, directory: string): AsyncIterable<Uint8Array> {
  return launcher.pack({ base: directory, upper: ['.'], lower: [], over: false, form: 'archive', point: '/' });
}

/** A directory of this machine to copy into, and what the copy is called there. */
export interface HostPlace {
  directory: string;
  as?: string;
}

/** Finds the place for a copy on this machine; links that lead there are the caller's own, and are followed. */
export function placeOnHost(source: CopySource, path: string): HostPlace {
  const { target, real, parent } = hostTarget(path);
  const placed = placeCopy(source, target);
  if (placed.below === 'itself') return { directory: real, ...(placed.as === undefined ? {} : { as: placed.as }) };
  // A whole root has no entry of its own that would make the directory.
  if (source.name === '') {
    mkdirSync(real);
    return { directory: real };
  }
  return { directory: parent, ...(placed.as === undefined ? {} : { as: placed.as }) };
}

function hostTarget(path: string): { target: CopyTarget; real: string; parent: string } {
  const whole = resolve(path);
  const found = statSync(whole, { throwIfNoEntry: false });
  if (found !== undefined) {
    const real = realpathSync(whole);
    const kind = found.isDirectory() ? 'directory' : 'other';
    return { target: { path, kind, name: basename(real) }, real, parent: dirname(real) };
  }
  let parent: string;
  try {
    parent = realpathSync(dirname(whole));
  } catch (cause) {
    throw new Fault('notFound', `copy to ${path}: the directory ${dirname(whole)} does not exist`, {
      cause,
      field: 'DEST_PATH',
    });
  }
  const name = basename(whole);
  return { target: { path, kind: 'missing', name }, real: join(parent, name), parent };
}
