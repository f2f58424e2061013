import type { Hierarchy } from '#kernel/cgroup-layout.ts';
import { MOUNT_ATTR } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { Mount } from '#runtime/spec/spec.ts';
import type { MountOptions } from './mount-options.ts';
import type { CgroupDirectory } from '#runtime/cgroup/layout.ts';
import type { CgroupView, LoweredMounts } from './lowered-mounts.ts';

/**
 * A mount of type `cgroup`. Inside a cgroup namespace the real file system is mounted, which shows the container's own
 * group as its root; without one, the own group is bound there, so that no other is in sight. An option that names a
 * hierarchy of version 1 (`name=systemd`) asks for that one alone.
 */
export function lowerCgroupMount(mount: Mount, options: MountOptions, slot: string, groups: CgroupView): LoweredMounts {
  if (groups.directories.length === 0) return groupless(mount, options, slot, groups);
  const unified = groups.directories.find((directory) => directory.hierarchy === undefined);
  if (unified === undefined) return hierarchiesMount(mount, options, slot, groups);
  return unifiedMount(mount, options, slot, unified.path, groups.namespaced);
}

function unifiedMount(
  mount: Mount,
  options: MountOptions,
  slot: string,
  path: string,
  namespaced: boolean,
): LoweredMounts {
  const sources: Step[] = [];
  const attach: Step[] = [];
  if (namespaced) attach.push({ op: 'fsmount', fstype: 'cgroup2', source: 'cgroup', attrs: options.set, out: slot });
  else sources.push(...ownGroup(slot, path, options));
  attach.push(...at(mount.destination, slot, `${slot}.at`));
  return { sources, attach, finish: [] };
}

/**
 * Without a group of its own the container shares the caller's, which it is not to change: it sees that read-only where a
 * namespace makes it the root, and nothing at all otherwise (CVE-2023-25809).
 */
function groupless(mount: Mount, options: MountOptions, slot: string, groups: CgroupView): LoweredMounts {
  const attrs = options.set | MOUNT_ATTR.readOnly;
  const shown = groups.isUnified && groups.namespaced;
  const step: Step = shown
    ? { op: 'fsmount', fstype: 'cgroup2', source: 'cgroup', attrs, out: slot }
    : { op: 'fsmount', fstype: 'tmpfs', source: 'tmpfs', options: ['mode=755'], attrs, out: slot };
  return { sources: [], attach: [step, ...at(mount.destination, slot, `${slot}.at`)], finish: [] };
}

function hierarchiesMount(mount: Mount, options: MountOptions, slot: string, groups: CgroupView): LoweredMounts {
  const asked = options.data.find((option) => option.startsWith('name='));
  if (asked !== undefined) return namedMount(mount.destination, asked, options, slot, groups);
  const readOnly = options.set & MOUNT_ATTR.readOnly;
  const sources: Step[] = [];
  const attach: Step[] = [
    {
      op: 'fsmount',
      fstype: 'tmpfs',
      source: 'tmpfs',
      options: ['mode=755'],
      attrs: options.set & ~readOnly,
      out: slot,
    },
    ...at(mount.destination, slot, `${slot}.at`),
  ];
  for (const directory of groups.directories) {
    const { hierarchy } = directory;
    if (hierarchy === undefined) continue;
    const one = hierarchyMount(
      `${mount.destination}/${hierarchy.name}`,
      options,
      `${slot}.${hierarchy.name}`,
      directory,
      groups,
    );
    sources.push(...one.sources);
    attach.push(...one.attach, ...aliases(mount.destination, hierarchy));
  }
  return { sources, attach, finish: readOnly === 0 ? [] : [{ op: 'mountAttr', slot, set: readOnly }] };
}

/** Where there is none of that name nothing is mounted: never others in its place. */
function namedMount(
  destination: string,
  name: string,
  options: MountOptions,
  slot: string,
  groups: CgroupView,
): LoweredMounts {
  const found = groups.directories.find(({ hierarchy }) => hierarchy?.options.includes(name));
  if (found === undefined) return { sources: [], attach: [], finish: [] };
  return hierarchyMount(destination, options, slot, found, groups);
}

function hierarchyMount(
  destination: string,
  options: MountOptions,
  slot: string,
  { hierarchy, path }: CgroupDirectory,
  { namespaced }: CgroupView,
): LoweredMounts {
  const place = at(destination, slot, `${slot}.at`);
  if (!namespaced) return { sources: ownGroup(slot, path, options), attach: place, finish: [] };
  const asked = [...(hierarchy?.options ?? [])];
  const made: Step = {
    op: 'fsmount',
    fstype: 'cgroup',
    source: 'cgroup',
    options: asked,
    attrs: options.set,
    out: slot,
  };
  return { sources: [], attach: [made, ...place], finish: [] };
}

/** `cpu -> cpu,cpuacct` for each controller of a joined hierarchy. */
function aliases(destination: string, { name, controllers }: Hierarchy): Step[] {
  if (controllers.length < 2) return [];
  return controllers.map((controller): Step => {
    return { op: 'symlink', root: 'root', path: `${destination}/${controller}`, target: name };
  });
}

function ownGroup(slot: string, path: string, options: MountOptions): Step[] {
  return [
    { op: 'tree', path, out: slot },
    { op: 'mountAttr', slot, set: options.set, clear: options.clear },
  ];
}

function at(path: string, mount: string, target: string): Step[] {
  return [
    { op: 'mkpath', root: 'root', path, mode: 0o755, out: target },
    { op: 'attach', mount, target },
  ];
}
