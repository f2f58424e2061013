import { Fault } from '#base/fault.ts';

/** What is copied. */
export interface CopySource {
  isDirectory: boolean;
  /** What is in the directory, and not the directory itself. */
  contents: boolean;
  /** Its name where it comes from; empty for a whole root. */
  name: string;
}

/** What is at the destination so far. */
export interface CopyTarget {
  /** As it was written. */
  path: string;
  kind: 'directory' | 'other' | 'missing';
  /** The name of it below its parent, links followed. */
  name: string;
}

export interface Placed {
  /** Unpack below the destination, or below the directory that holds it. */
  below: 'itself' | 'parent';
  /** What the source is called there; undefined: what is in it keeps its names. */
  as?: string;
}

/** Docker's rules of where a copy goes, which are those of cp(1) with `/.` for what is in a directory. */
export function placeCopy(source: CopySource, target: CopyTarget): Placed {
  const { path, kind, name } = target;
  if (kind === 'directory') return source.contents ? { below: 'itself' } : { below: 'itself', as: source.name };
  if (kind === 'other') {
    if (source.isDirectory) throw refusal(`"${path}" is no directory, and a directory is to be copied there`);
    if (path.endsWith('/')) throw refusal(`"${path}" is no directory`);
    return { below: 'parent', as: name };
  }
  if (path.endsWith('/') && !source.isDirectory) throw refusal(`the directory "${path}" does not exist`);
  return { below: 'parent', as: name };
}

const refusal = (why: string): Fault => new Fault('invalid', `copy: ${why}`, { field: 'DEST_PATH' });

/** Whether a path as it was written means what is in the directory. */
export const meansContents = (path: string): boolean => path === '.' || path.endsWith('/.');
