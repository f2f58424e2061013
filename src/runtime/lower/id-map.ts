import type { Step } from '#kernel/plan.ts';
import type { IdMapping, Spec } from '#runtime/spec/spec.ts';

/** The first program's part of a new user namespace: both maps, each in one write. */
export function lowerIdMap(spec: Spec, pidfd: string): Step {
  const { uidMappings = [], gidMappings = [] } = spec.linux ?? {};
  return {
    op: 'idmap',
    pidfd,
    uidMap: mapText(uidMappings),
    gidMap: mapText(gidMappings),
    origin: 'linux.uidMappings',
  };
}

/** As uid_map takes it. */
export function mapText(mappings: readonly IdMapping[]): string {
  return mappings.map((mapping) => `${mapping.containerID} ${mapping.hostID} ${mapping.size}\n`).join('');
}
