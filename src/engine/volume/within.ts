import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { SourceKind } from '#runtime/lower/context.ts';

/** As many as the kernel follows. */
const MOST_LINKS = 40;

/**
 * What a path in a volume leads to, without a look at anything outside: for words and for the kind of the mount point.
 * What keeps the mount inside, whatever is changed meanwhile, is the kernel. Undefined for what is missing.
 */
export function kindWithin(base: string, path: string): SourceKind | undefined {
  const left = path.split('/');
  const at: string[] = [];
  let links = 0;
  let directory = true;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (at.pop() === undefined) throw leadsOut(path);
      continue;
    }
    const target = look(join(base, ...at, name));
    if (target === undefined) return undefined;
    if (typeof target === 'string') {
      if (target.startsWith('/')) throw leadsOut(path);
      if ((links += 1) > MOST_LINKS) throw leadsOut(path);
      left.unshift(...target.split('/'));
      continue;
    }
    at.push(name);
    ({ directory } = target);
  }
  return directory || at.length === 0 ? 'directory' : 'file';
}

/** What a link says, or whether it is a directory. */
function look(path: string): string | { directory: boolean } | undefined {
  try {
    const stat = lstatSync(path);
    return stat.isSymbolicLink() ? readlinkSync(path) : { directory: stat.isDirectory() };
  } catch (error) {
    // One that was a link a moment ago, too.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return undefined;
    throw error;
  }
}

function leadsOut(path: string): Fault {
  return new Fault('invalid', `find volume-subpath ${path}: a link leads out of the volume`, { field: '--mount' });
}
