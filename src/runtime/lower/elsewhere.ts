import { CLONE, OPEN, RESOLVE } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { MountPlaces } from './context.ts';

const [OWN_MOUNTS, OWN_ROOT, FOUND] = ['elsewhere.own', 'elsewhere.root', 'elsewhere.found'];
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
 * A clone of what is mounted at `path` in the other namespace. A namespace of mounts is
 * entered with its root, so the way back is by both.
 */
export function treeElsewhere(destination: string, path: string, out: string): Step[] {
  const there = slotOf(destination);
  return [
    { op: 'open', path: '/proc/self/ns/mnt', flags: OPEN.readOnly, out: OWN_MOUNTS },
    { op: 'open', path: '/', flags: OPEN.path | OPEN.directory, out: OWN_ROOT },
    { op: 'setns', slot: there, flags: CLONE.newns },
    // The links of that namespace are followed in it, but those of its /proc, which may lead out of it.
    { op: 'open', path, flags: OPEN.path | OPEN.directory, resolve: RESOLVE.noMagicLinks, out: FOUND },
    { op: 'tree', dir: FOUND, path: '', recursive: 0, out },
    { op: 'setns', slot: OWN_MOUNTS, flags: CLONE.newns },
    { op: 'chroot', root: OWN_ROOT },
    ...[there, FOUND, OWN_MOUNTS, OWN_ROOT].map((slot): Step => ({ op: 'close', slot })),
  ];
}
