import { statSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import type { CgroupLayout } from '#kernel/cgroup-layout.ts';
import type { BusAddress } from '#runtime/systemd/bus.ts';
import type { Property } from '#runtime/systemd/properties.ts';
import { NOBODY } from '#kernel/user-namespace.ts';
import { cgroupDirectories, type CgroupDirectory } from './layout.ts';

/** Where a container's control groups are to be. */
export interface CgroupPlace {
  path: string;
  directories: readonly CgroupDirectory[];
  /** The unit of systemd's that it belongs to, which is made along with it. */
  scope?: { unit: string; bus: BusAddress; properties: readonly Property[] };
}

interface Caller {
  uid: number;
  gid: number;
}

/**
 * The place of a container whose caller may have no group to make others in: those hierarchies are left out. A path of the
 * configuration's own is taken as it is, and fails where it may not be made. Without one the group lies below the caller's own,
 * or beside it on version 2, where a group with processes passes no controllers on.
 */
export function delegatedPlace(
  layout: CgroupLayout,
  asked: string | undefined,
  id: string,
  caller: Caller,
): CgroupPlace {
  if (asked) return { path: asked, directories: cgroupDirectories(layout, asked) };
  const own = layout.unified?.own ?? '/';
  const path = layout.mode === 'v2' ? join(dirname(own), id) : id;
  const directories = cgroupDirectories(layout, path).filter((directory) => isDelegated(layout, directory, caller));
  return { path, directories };
}

function isDelegated({ unified }: CgroupLayout, directory: CgroupDirectory, caller: Caller): boolean {
  const { hierarchy, mountPoint, path } = directory;
  if ((hierarchy ?? unified)?.readOnly === true) return false;
  const parent = dirname(path);
  if (!mayWrite(parent, caller)) return false;
  // A process may move only within what is delegated: the group that both places are in must be ours too.
  const shared = hierarchy === undefined ? commonGroup(join(mountPoint, unified?.own ?? '/'), parent) : parent;
  return hierarchy !== undefined || mayWrite(`${shared}/cgroup.procs`, caller);
}

function commonGroup(left: string, right: string): string {
  let common = left;
  while (right !== common && !right.startsWith(`${common}/`)) common = dirname(common);
  return common;
}

/** By owner and mode alone. Root of a user namespace may write whatever belongs to somebody who has a number there. */
function mayWrite(path: string, { uid, gid }: Caller): boolean {
  try {
    const stat = statSync(path);
    if (uid === 0 && stat.uid !== NOBODY) return true;
    if (stat.uid === uid) return (stat.mode & 0o200) !== 0;
    return (stat.mode & (stat.gid === gid ? 0o020 : 0o002)) !== 0;
  } catch {
    return false;
  }
}
