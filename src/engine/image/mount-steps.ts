import { MOUNT_ATTR, OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { hasMappedUsers, overlaySettings } from '#kernel/user-namespace.ts';

/** MS_RDONLY, MS_NOSUID and MS_NODEV: users of the host get neither programs with rights nor devices out of an image. */
const READ_ONLY = 1 | 2 | 4;
/** UMOUNT_NOFOLLOW. One that is in use stays: its layers would go from under it. */
export const UNMOUNT_FLAGS = 8;

interface Stack {
  base: string;
  /** Top first. */
  layers: readonly string[];
}

/** Shows a stack of layers at a path of the host, read-only from the first moment on. */
export function mountSteps({ base, layers }: Stack, path: string): Step[] {
  const [only = '', ...others] = layers;
  if (others.length > 0) {
    return [
      { op: 'open', path: base, flags: OPEN.path | OPEN.directory, out: 'layers' },
      {
        op: 'mount',
        dir: 'layers',
        source: 'overlay',
        target: path,
        fstype: 'overlay',
        flags: READ_ONLY,
        data: `${overlaySettings(hasMappedUsers())},lowerdir=${layers.join(':')}`,
      },
    ];
  }
  // An overlay needs two layers.
  return [
    { op: 'tree', path: `${base}/${only}`, out: 'tree' },
    { op: 'mountAttr', slot: 'tree', set: MOUNT_ATTR.readOnly | MOUNT_ATTR.noSuid | MOUNT_ATTR.noDev },
    { op: 'attachAt', mount: 'tree', path },
  ];
}
