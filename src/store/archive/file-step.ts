import type { FileStep } from '#kernel/plan.ts';
import type { TarEntry } from './tar-entry.ts';

const TYPE_BITS = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const;

/** What makes an entry's object at a path; an empty path is the target itself. */
export function fileStepOf(entry: TarEntry, path: string): FileStep {
  const { mode, uid, gid, mtimeSec, mtimeNsec, xattrs } = entry;
  const owner = { uid, gid, mtimeSec, mtimeNsec, xattrs };
  switch (entry.kind) {
    case 'file':
      return { op: 'file', path, mode, size: entry.size, ...owner };
    case 'directory':
      return { op: 'directory', path: path === '' ? '.' : path, mode, ...owner };
    case 'symlink':
      return { op: 'symlink', path, target: entry.link, ...owner };
    case 'hardlink':
      return { op: 'hardlink', path, target: entry.link };
    default: {
      const { major, minor } = entry;
      return { op: 'node', path, mode: mode | TYPE_BITS[entry.kind], major, minor, ...owner };
    }
  }
}
