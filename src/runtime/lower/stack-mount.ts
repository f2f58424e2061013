import { Fault } from '#base/fault.ts';
import { MOUNT_ATTR, OPEN, RESOLVE } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { Stack } from './context.ts';

/** MS_RDONLY and MNT_DETACH. */
const [READ_ONLY, DETACH] = [1, 2];

/**
 * A clone of a stack, read-only and without devices, into `slot`. An overlay is mounted for that at an empty directory of
 * the container's own mount namespace, and taken off again: only what was cloned stays.
 */
export function stackTree({ base, layers, path }: Stack, slot: string, point: string | undefined): Step[] {
  const [directory, top, found] = [`${slot}.base`, `${slot}.top`, `${slot}.found`];
  const from = path === undefined ? top : found;
  const within: Step[] =
    path === undefined
      ? []
      : [
          // Links of the image are followed in the image.
          {
            op: 'open',
            dir: top,
            path,
            flags: OPEN.path,
            resolve: RESOLVE.beneath | RESOLVE.noMagicLinks,
            out: found,
          },
        ];
  const [only = '', ...others] = layers;
  const opened = (place: string): Step => ({ op: 'open', path: place, flags: OPEN.path | OPEN.directory, out: top });
  const sealed: Step = { op: 'mountAttr', slot, set: MOUNT_ATTR.readOnly | MOUNT_ATTR.noDev };
  const closed = [...(path === undefined ? [] : [found]), top].map((one): Step => ({ op: 'close', slot: one }));
  const clone: Step = { op: 'tree', dir: from, path: '', recursive: 0, out: slot };
  if (others.length === 0) return [opened(`${base}/${only}`), ...within, clone, sealed, ...closed];
  if (point === undefined) throw new Fault('internal', 'lower a mount of an image: there is no place for it');
  return [
    { op: 'open', path: base, flags: OPEN.path | OPEN.directory, out: directory },
    {
      op: 'mount',
      dir: directory,
      source: 'overlay',
      target: point,
      fstype: 'overlay',
      flags: READ_ONLY,
      data: `redirect_dir=off,metacopy=off,lowerdir=${layers.join(':')}`,
    },
    opened(point),
    ...within,
    clone,
    { op: 'umount', path: point, flags: DETACH },
    sealed,
    ...closed,
    { op: 'close', slot: directory },
  ];
}
