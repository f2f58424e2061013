import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RootMount } from '#kernel/root-mount.ts';
import { openWorkArea } from '#store/content/work-area.ts';
import { asDiskFault } from '#store/disk-fault.ts';
import type { StoreParts } from '#store/parts.ts';

/**
 * Hands over what a container sees as its root, as a tar archive. An overlay is laid together in a work area first,
 * because nothing is mounted where others would see it; so it takes as much room for a while. A running container may
 * change what has not been read yet.
 */
export async function exportSnapshot(
  { root, launcher }: Pick<StoreParts, 'root' | 'launcher'>,
  mount: RootMount,
  write: (archive: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  if (mount.kind === 'directory') return write(launcher.pack(mount.path));
  const area = openWorkArea(root, launcher);
  const tree = join(area.path, 'fs');
  try {
    mkdirSync(tree, { mode: 0o700 });
    const { base, lower, upper } = mount;
    const layers = [...(upper === '' ? [] : [upper]), ...lower];
    for (const layer of layers.toReversed()) await launcher.merge(join(base, layer), tree);
    await write(launcher.pack(tree));
  } catch (error) {
    throw asDiskFault(error, 'lay the layers together');
  } finally {
    await area.remove();
  }
}
