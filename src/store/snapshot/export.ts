import type { RootMount } from '#kernel/root-mount.ts';
import { asDiskFault } from '#store/disk-fault.ts';
import type { StoreParts } from '#store/parts.ts';
import { stackPoint, wholeTree } from './trees.ts';

/**
 * Hands over what a container sees as its root, as a tar archive. A running container may change what has not been
 * read yet.
 */
export async function exportSnapshot(
  { root, launcher }: Pick<StoreParts, 'root' | 'launcher'>,
  mount: RootMount,
  write: (archive: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  try {
    await write(launcher.pack({ ...wholeTree(mount), form: 'archive', point: stackPoint(root) }));
  } catch (error) {
    throw asDiskFault(error, 'read the container');
  }
}
