import type { HostFacts } from '#kernel/host-facts.ts';
import type { Step } from '#kernel/plan.ts';
import type { CgroupDirectory } from '#runtime/cgroup/layout.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { hasHostRights } from './rights.ts';

/**
 * A container that sees its group as a root that may be written to, and has ids of its own, is to divide it further (runtime-spec,
 * "Cgroup ownership"): the group becomes its root's. On version 2 alone, where that is safe.
 */
export function ownGroup(spec: Spec, directory: CgroupDirectory, facts: HostFacts): Step[] {
  const { namespaces = [], uidMappings = [] } = spec.linux ?? {};
  const isNew = (wanted: string): boolean => namespaces.some(({ type, path }) => type === wanted && !path);
  const mount = (spec.mounts ?? []).find(({ type }) => type === 'cgroup' || type === 'cgroup2');
  const root = uidMappings.find(({ containerID }) => containerID === 0)?.hostID;
  const isShown = mount !== undefined && !(mount.options ?? []).some((option) => option === 'ro' || option === 'rro');
  if (!hasHostRights(facts) || !isShown || !isNew('user') || !isNew('cgroup') || !root) return [];
  const paths = [directory.path, ...facts.delegatedFiles.map((file) => `${directory.path}/${file}`)];
  return [{ op: 'own', paths, uid: root, origin: 'linux.cgroupsPath' }];
}
