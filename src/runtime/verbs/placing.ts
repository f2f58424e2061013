import type { HostFacts } from '#kernel/host-facts.ts';
import { cgroupPathOf } from '#runtime/cgroup/layout.ts';
import { delegatedPlace, type CgroupPlace } from '#runtime/cgroup/place.ts';
import { hasHostRights } from '#runtime/lower/rights.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { systemdPlace } from '#runtime/systemd/place.ts';
import type { Runtime } from './runtime.ts';

/** Where the control groups of a container are to be; undefined for what its configuration alone says. */
export function placeCgroup(runtime: Runtime, spec: Spec, id: string, facts: HostFacts): CgroupPlace | undefined {
  if (runtime.systemd === true) return systemdPlace(spec, id, facts, runtime.bus());
  if (!isRootless(runtime, facts)) return undefined;
  return delegatedPlace(facts.cgroup, spec.linux?.cgroupsPath, id, facts);
}

export const placedPath = (place: CgroupPlace | undefined, spec: Spec, id: string): string =>
  place?.path ?? cgroupPathOf(spec.linux?.cgroupsPath, id);

/** Control groups that may not be made are done without: as told, or wherever we are not root of the machine. */
function isRootless({ rootless }: Runtime, facts: HostFacts): boolean {
  return rootless ?? !hasHostRights(facts);
}
