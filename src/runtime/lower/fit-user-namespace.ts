import type { HostFacts } from '#kernel/host-facts.ts';
import type { LowerContext } from './context.ts';
import type { IdMapping, Mount, NamespaceType, Spec } from '#runtime/spec/spec.ts';
import { livesInUserNamespace } from './rights.ts';

/** File systems that show one namespace: only who owns it may mount them anew. Shared with the host, the host's are bound. */
const SHOWN: Readonly<Record<string, { namespace: NamespaceType; path: string }>> = {
  sysfs: { namespace: 'network', path: '/sys' },
  proc: { namespace: 'pid', path: '/proc' },
  mqueue: { namespace: 'ipc', path: '/dev/mqueue' },
};

/** What may be bound in place of a file system that the configuration asks for. */
export const KERNEL_TREES: readonly string[] = Object.values(SHOWN).map(({ path }) => path);

/** What holds for the whole of a bound tree; anything else about it is the host's. */
const CONFINING = new Set(['ro', 'nosuid', 'nodev', 'noexec']);

/**
 * The mounts as a user namespace permits them, in their places: the host's trees in place of new ones that would be refused,
 * and no group for terminals that has no number there.
 */
export function fitUserNamespace(spec: Spec, { facts, hostNamespaces, sources }: LowerContext): Spec {
  if (spec.mounts === undefined || !livesInUserNamespace(spec, facts)) return spec;
  const own = new Set(
    (spec.linux?.namespaces ?? []).map(({ type }) => type).filter((type) => hostNamespaces?.has(type) !== true),
  );
  const groups = groupsOf(spec, facts);
  const fit = (mount: Mount): Mount => {
    const shown = SHOWN[mount.type ?? ''];
    if (shown !== undefined && !own.has(shown.namespace))
      return hostTree(mount, shown.path, sources?.has(shown.path) === true);
    return mount.type === 'devpts' ? withMappedGroup(mount, groups) : mount;
  };
  return { ...spec, mounts: spec.mounts.map(fit) };
}

/** A tree that the host has not mounted itself has nothing to show. */
function hostTree(mount: Mount, path: string, isThere: boolean): Mount {
  const confining = (mount.options ?? []).filter((option) => CONFINING.has(option));
  if (!isThere) return { ...mount, type: 'tmpfs', source: 'tmpfs', options: [...confining, 'mode=555'] };
  return { ...mount, type: 'bind', source: path, options: ['rbind', ...confining.map((option) => `r${option}`)] };
}

function withMappedGroup(mount: Mount, groups: readonly IdMapping[]): Mount {
  return { ...mount, options: (mount.options ?? []).filter((option) => !isUnmappedGroup(option, groups)) };
}

function isUnmappedGroup(option: string, groups: readonly IdMapping[]): boolean {
  const group = /^gid=(\d+)$/.exec(option)?.[1];
  if (group === undefined) return false;
  return !groups.some(({ containerID, size }) => Number(group) >= containerID && Number(group) < containerID + size);
}

/** Of the container's own map; of this process's where the container lives with it, or in a namespace that we only join. */
function groupsOf(spec: Spec, { gidMap }: HostFacts): readonly IdMapping[] {
  const own = spec.linux?.gidMappings ?? [];
  if (own.length > 0) return own;
  return gidMap.split('\n').map((line) => {
    const [containerID = 0, hostID = 0, size = 0] = line.trim().split(/\s+/).map(Number);
    return { containerID, hostID, size };
  });
}
