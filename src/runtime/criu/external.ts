import { normalize } from 'node:path/posix';
import { mountText } from '#kernel/mount-text.ts';
import type { CgroupDirectory } from '#runtime/cgroup/layout.ts';
import { isBind, sourcePath } from '#runtime/lower/mounts.ts';
import type { Spec } from '#runtime/spec/spec.ts';

/** One line of /proc/PID/mountinfo, as far as it is looked at. */
export interface MountLine {
  id: number;
  root: string;
  point: string;
  type: string;
}

export function parseMounts(mountinfo: string): MountLine[] {
  return mountinfo
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [place = '', rest = ''] = line.split(' - ');
      const [id, , , root = '', point = ''] = place.split(' ');
      return { id: Number(id), root: mountText(root), point: mountText(point), type: rest.split(' ')[0] ?? '' };
    });
}

/**
 * Mount points whose contents belong to the host, and stay there: binds, nodes of the host's /dev (what masks files, and
 * the devices of a user namespace), groups of version 1.
 */
export function externalMounts(spec: Spec, mounts: readonly MountLine[]): string[] {
  const binds = new Set((spec.mounts ?? []).filter(isBind).map(({ destination }) => placeOf(destination)));
  return mounts
    .filter(({ point, type }) => point !== '/' && (type === 'devtmpfs' || type === 'cgroup' || binds.has(point)))
    .map(({ point }) => point);
}

/** Where the host has each of those now, by mount point. What the image does not name does no harm. */
export function externalSources(
  spec: Spec,
  bundle: string,
  groups: readonly CgroupDirectory[],
): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const path of spec.linux?.maskedPaths ?? []) sources.set(placeOf(path), '/dev/null');
  for (const name of DEVICES) sources.set(name, name);
  for (const { path } of spec.linux?.devices ?? []) sources.set(path, path);
  for (const mount of spec.mounts ?? []) {
    const at = placeOf(mount.destination);
    if (isBind(mount)) sources.set(at, sourcePath(mount, bundle));
    if (mount.type !== 'cgroup') continue;
    for (const { hierarchy, path } of groups) if (hierarchy) sources.set(`${at}/${hierarchy.name}`, path);
  }
  return sources;
}

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => `/dev/${name}`);

function placeOf(path: string): string {
  return normalize(`/${path}`).replace(/(?<=.)\/$/, '');
}
