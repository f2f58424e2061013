import type { CgroupLayout } from '#kernel/cgroup-layout.ts';
import type { ContainerOptions } from './options.ts';
import { resourcesOf } from './resources.ts';

/** What a container with systemd in it has to do without on this host, or may do. */
export function systemdWarnings(options: ContainerOptions, cgroup: CgroupLayout): string[] {
  if (options.systemd !== 'always') return [];
  if (cgroup.mode !== 'v2') {
    const isThere = cgroup.hierarchies.some(({ options: [, name] }) => name === 'name=systemd');
    return isThere ? [] : ['this host has no hierarchy of control groups for systemd, which will not start without'];
  }
  const isHeld = cgroup.unified?.namespacesDelegate === true && options.cgroupnsMode !== 'host';
  const { devices: _, ...limits } = resourcesOf(options);
  if (isHeld || Object.keys(limits).length === 0) return [];
  return ['its root can lift the limits of this container: that takes nsdelegate and a cgroup namespace to prevent'];
}
