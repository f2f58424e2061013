import { mountText } from './mount-text.ts';

/**
 * Where the control groups are: read from /proc/self/mountinfo and /proc/self/cgroup (proc(5), cgroups(7)).
 * `v1`: only hierarchies of version 1. `hybrid`: those, and a version 2 tree that holds no controller of interest.
 * `v2`: everything in the one unified tree.
 */
export interface CgroupLayout {
  mode: 'v1' | 'hybrid' | 'v2' | 'none';
  /** Hierarchies of version 1 in the order of mounting. */
  hierarchies: readonly Hierarchy[];
  unified: Unified | undefined;
}

export interface Hierarchy {
  /** Name for people and for directories: `memory`, `cpu,cpuacct`, `systemd`. */
  name: string;
  controllers: readonly string[];
  /** What the kernel's cgroup file system is asked for: the controllers, or `name=systemd`. */
  options: readonly string[];
  mountPoint: string;
  /** Path of this process, relative to the mount point. */
  own: string;
  readOnly?: boolean;
}

export interface Unified {
  mountPoint: string;
  /** From within a namespace nobody changes what is set for the namespace's own root. */
  namespacesDelegate?: boolean;
  readOnly?: boolean;
  own: string;
  /** cgroup.controllers of the mount point, and what of that is passed on to its children. */
  controllers: readonly string[];
  enabled: readonly string[];
}

/** Options of a version 1 mount that name no controller. */
const NOT_CONTROLLERS = new Set(['rw', 'ro', 'none', 'noprefix', 'clone_children', 'xattr', 'cpuset_v2_mode']);

interface CgroupMount {
  fstype: string;
  root: string;
  mountPoint: string;
  readOnly: boolean;
  options: string[];
}

/** `readList` reads a file of words, giving none when it is missing. */
export function cgroupLayout(
  mountinfo: string,
  selfCgroup: string,
  readList: (path: string) => readonly string[],
): CgroupLayout {
  const mounts = cgroupMounts(mountinfo);
  const paths = ownPaths(selfCgroup);
  const hierarchies = new Map<string, Hierarchy>();
  let unified: Unified | undefined;
  for (const mount of mounts) {
    if (mount.fstype === 'cgroup2') {
      if (unified !== undefined) continue;
      unified = {
        mountPoint: mount.mountPoint,
        own: below(paths.get('') ?? '/', mount.root),
        ...(mount.readOnly ? { readOnly: true } : {}),
        ...(mount.options.includes('nsdelegate') ? { namespacesDelegate: true } : {}),
        get controllers() {
          return readList(`${mount.mountPoint}/cgroup.controllers`);
        },
        get enabled() {
          return readList(`${mount.mountPoint}/cgroup.subtree_control`);
        },
      };
      continue;
    }
    const hierarchy = hierarchyOf(mount, paths);
    if (!hierarchies.has(hierarchy.name)) hierarchies.set(hierarchy.name, hierarchy);
  }
  const all = [...hierarchies.values()];
  return { mode: modeOf(all, unified), hierarchies: all, unified };
}

function modeOf(hierarchies: readonly Hierarchy[], unified: Unified | undefined): CgroupLayout['mode'] {
  const controllers = hierarchies.some((hierarchy) => hierarchy.controllers.length > 0);
  if (unified === undefined) return hierarchies.length > 0 ? 'v1' : 'none';
  return controllers ? 'hybrid' : 'v2';
}

function hierarchyOf(mount: CgroupMount, paths: ReadonlyMap<string, string>): Hierarchy {
  const named = mount.options.find((option) => option.startsWith('name='));
  const controllers = mount.options.filter((option) => !NOT_CONTROLLERS.has(option) && !option.includes('='));
  const key = controllers[0] ?? named ?? '';
  return {
    name: controllers.length > 0 ? controllers.join(',') : (named ?? '').slice(5),
    controllers,
    options: controllers.length > 0 ? controllers : ['none', named ?? ''],
    mountPoint: mount.mountPoint,
    own: below(paths.get(key) ?? '/', mount.root),
    ...(mount.readOnly ? { readOnly: true } : {}),
  };
}

/** Lines of the kind `36 31 0:33 / /sys/fs/cgroup/devices rw,relatime shared:7 - cgroup cgroup rw,devices`. */
function cgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (let at = mountinfo.indexOf(' - cgroup'); at >= 0; at = mountinfo.indexOf(' - cgroup', at + 1)) {
    const start = mountinfo.lastIndexOf('\n', at) + 1;
    const end = mountinfo.indexOf('\n', at);
    const head = mountinfo.slice(start, at).split(' ');
    const tail = mountinfo.slice(at + 3, end < 0 ? undefined : end).split(' ');
    mounts.push({
      fstype: tail[0] ?? '',
      root: mountText(head[3] ?? '/'),
      mountPoint: mountText(head[4] ?? ''),
      readOnly: (head[5] ?? '').split(',').includes('ro'),
      options: (tail[2] ?? '').split(','),
    });
  }
  return mounts;
}

/** Lines `4:memory:/a/b`, `1:name=systemd:/`, `0::/`; a line with several controllers counts for each of them. */
function ownPaths(selfCgroup: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of selfCgroup.split('\n')) {
    const first = line.indexOf(':');
    const second = line.indexOf(':', first + 1);
    if (second < 0) continue;
    for (const controller of line.slice(first + 1, second).split(',')) paths.set(controller, line.slice(second + 1));
  }
  return paths;
}

/** A path of the hierarchy as seen below a mount that shows only the subtree `root`. */
function below(path: string, root: string): string {
  if (root === '/' || root === path) return root === path && root !== '/' ? '/' : path;
  return path.startsWith(`${root}/`) ? path.slice(root.length) : path;
}
