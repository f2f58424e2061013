import { Fault } from '#base/fault.ts';
import type { CgroupLayout, Hierarchy } from '#kernel/cgroup-layout.ts';

/** One directory of the container's control group; `hierarchy` is undefined for the unified tree. */
export interface CgroupDirectory {
  hierarchy: Hierarchy | undefined;
  mountPoint: string;
  /** Parts of the path below the mount point. */
  parts: readonly string[];
  path: string;
}

/**
 * The directories that a path such as `linux.cgroupsPath` stands for: one per hierarchy of version 1, or the one of
 * version 2. An absolute path counts from the mount point, a relative one from this process's own group.
 * Throws `invalid` for a path with `..` and for systemd's slice:prefix:name form.
 */
export function cgroupDirectories(layout: CgroupLayout, wanted: string): CgroupDirectory[] {
  const parts = pathParts(wanted);
  const directory = (hierarchy: Hierarchy | undefined, mountPoint: string, own: string): CgroupDirectory => {
    const all = wanted.startsWith('/') ? parts : [...pathParts(own), ...parts];
    return { hierarchy, mountPoint, parts: all, path: [mountPoint, ...all].join('/') };
  };
  if (layout.mode === 'none') return [];
  if (layout.mode === 'v2' && layout.unified !== undefined) {
    return [directory(undefined, layout.unified.mountPoint, layout.unified.own)];
  }
  return layout.hierarchies.map((hierarchy) => directory(hierarchy, hierarchy.mountPoint, hierarchy.own));
}

/** The directories at these paths, as they were made: whatever group this process is in now. */
export function directoriesAt(layout: CgroupLayout, paths: readonly string[]): CgroupDirectory[] {
  const { unified, hierarchies } = layout;
  const roots =
    layout.mode === 'v2' && unified !== undefined
      ? [{ hierarchy: undefined, mountPoint: unified.mountPoint }]
      : hierarchies.map((hierarchy) => ({ hierarchy, mountPoint: hierarchy.mountPoint }));
  return paths.flatMap((path) => {
    const root = roots.find(({ mountPoint }) => path.startsWith(`${mountPoint}/`));
    return root === undefined ? [] : [{ ...root, parts: pathParts(path.slice(root.mountPoint.length)), path }];
  });
}

/** Where a container's groups are: what its configuration says, or `/ID`. */
export function cgroupPathOf(cgroupsPath: string | undefined, id: string): string {
  return cgroupsPath || `/${id}`;
}

function pathParts(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) {
    throw new Fault('invalid', `linux.cgroupsPath "${path}" climbs with ".."`, { field: 'linux.cgroupsPath' });
  }
  if (!path.startsWith('/') && path.split(':').length === 3) {
    throw new Fault('unsupported', `linux.cgroupsPath "${path}" is for systemd's cgroup driver`, {
      field: 'linux.cgroupsPath',
      hint: 'Give --systemd-cgroup, or a path such as /group/name.',
    });
  }
  return parts;
}
