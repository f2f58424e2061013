import { shortId } from '#base/ids.ts';
import { formatBytes } from '#base/units.ts';
import type { ImageBranch } from '#engine/image/tree.ts';
import { table } from '#doors/cli/table.ts';

/** `images --tree`: each image with its names, and below it the platform that there is of it. */
export function treeTable(branches: readonly ImageBranch[]): string {
  const rows = branches.flatMap(({ image, names, content, disk, inUse }) => {
    const sizes = [formatBytes(disk), formatBytes(content), inUse ? 'U' : ''];
    const [first = '<untagged>', ...others] = names;
    return [
      [first, shortId(image.configDigest), ...sizes],
      ...others.map((name) => [name, '', '', '', '']),
      [`└─ ${image.platform}`, shortId(image.manifestDigest), ...sizes],
    ];
  });
  return table(['IMAGE', 'ID', 'DISK USAGE', 'CONTENT SIZE', 'IN USE'], rows);
}
