import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotUsage } from './port.ts';

const BLOCK = 512;

/** What a tree takes on disk; an inode with several names counts once. What vanishes meanwhile is left out. */
export async function diskUsage(root: string): Promise<SnapshotUsage> {
  const seen = new Set<number>();
  const total = { bytes: 0, inodes: 0 };
  const add = async (path: string): Promise<boolean> => {
    const status = await lstat(path).catch(ignoreMissing);
    if (status === undefined || seen.has(status.ino)) return false;
    if (status.nlink > 1 && !status.isDirectory()) seen.add(status.ino);
    total.bytes += status.blocks * BLOCK;
    total.inodes += 1;
    return status.isDirectory();
  };
  const pending = (await add(root)) ? [root] : [];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const parent = directory;
    const names = (await readdir(parent).catch(ignoreMissing)) ?? [];
    const deeper = await Promise.all(names.map((name) => add(join(parent, name))));
    names.forEach((name, index) => void (deeper[index] === true && pending.push(join(parent, name))));
  }
  return total;
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
