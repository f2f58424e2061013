import { open } from 'node:fs/promises';
import type { Launcher } from '#kernel/launcher.ts';
import { StepQueue } from '#store/archive/step-queue.ts';

/**
 * Everything written below the file system of `directory` is on disk when this resolves (syncfs). One call for a whole
 * image: blobs and trees lie on one file system, and one flush is far cheaper than one for each of them.
 */
export async function syncFileSystem(launcher: Launcher, directory: string): Promise<void> {
  const applier = launcher.apply(directory);
  const queue = new StepQueue();
  queue.step({ op: 'end', sync: 1 });
  try {
    for (const part of queue.take()) await applier.write(part);
  } finally {
    await applier.end();
  }
}

/** The bytes of one file are on disk when this resolves. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
