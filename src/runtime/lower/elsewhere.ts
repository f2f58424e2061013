import { CLONE, OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { MountPlaces } from './context.ts';

const [OWN_MOUNTS, OWN_ROOT] = ['elsewhere.own', 'elsewhere.root'];
const slotOf = (destination: string): string => `elsewhere${destination}`;

/** First program: opens the mount namespaces that bind sources are looked up in, while their paths are the host's. */
export function openElsewhere({ elsewhere = new Map() }: Pick<MountPlaces, 'elsewhere'>): Step[] {
  return [...elsewhere].map(([destination, path]): Step => ({
    op: 'open',
    path,
    flags: OPEN.readOnly,
    out: slotOf(destination),
    origin: 'linux.namespaces',
  }));
}

/**
 * A clone of what is mounted at `path` in the other namespace, where links lead nowhere else. A namespace of mounts is
 * entered with its root, so the way back is by both.
 */
export function treeElsewhere(destination: string, path: string, out: string): Step[] {
  const there = slotOf(destination);
  return [
    { op: 'open', path: '/proc/self/ns/mnt', flags: OPEN.readOnly, out: OWN_MOUNTS },
    { op: 'open', path: '/', flags: OPEN.path | OPEN.directory, out: OWN_ROOT },
    { op: 'setns', slot: there, flags: CLONE.newns },
    { op: 'tree', path, recursive: 0, out },
    { op: 'setns', slot: OWN_MOUNTS, flags: CLONE.newns },
    { op: 'chroot', root: OWN_ROOT },
    ...[there, OWN_MOUNTS, OWN_ROOT].map((slot): Step => ({ op: 'close', slot })),
  ];
}
