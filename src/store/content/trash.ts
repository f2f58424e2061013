import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Launcher } from '#kernel/launcher.ts';
import { namesIn, newOwner } from './work-area.ts';

/**
 * Where files and trees go the moment their record goes, so that a removal is one rename inside the transaction and
 * a name can be used again at once. Emptied afterwards; what a dead process left there is emptied with it.
 */
export interface Trash {
  /** Moves a file or tree away; false when it was not there. Synchronous, for use inside transactions. */
  take(path: string): boolean;
  /** Removes everything in the trash. Gives the number of things. */
  empty(): Promise<number>;
}

export function openTrash(root: string, launcher: Launcher): Trash {
  const directory = join(root, 'trash');
  return {
    take: (path) => {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      try {
        renameSync(path, join(directory, newOwner()));
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      }
    },
    empty: async () => {
      const names = namesIn(directory);
      for (const name of names) await launcher.remove(directory, name);
      return names.length;
    },
  };
}
