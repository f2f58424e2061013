import type { HostFacts } from '#kernel/host-facts.ts';
import type { Step } from '#kernel/plan.ts';
import { readNumber } from '#runtime/cgroup/files.ts';
import { directoriesAt } from '#runtime/cgroup/layout.ts';
import type { Resources } from '#runtime/spec/spec.ts';
import { lowerCgroup } from './cgroup.ts';

export interface UpdateContext {
  facts: HostFacts;
  id: string;
  cgroupsPath: string;
  /** The control groups as they were made; a relative path would now count from another group. */
  cgroups: readonly string[];
}

const MEMORY = 'memory.limit_in_bytes';
const MEMORY_AND_SWAP = 'memory.memsw.limit_in_bytes';

/** Steps that set these limits on the control groups of a container that is there. */
export function lowerUpdate(resources: Resources, { facts, id, cgroupsPath, cgroups }: UpdateContext): Step[] {
  const { limits } = lowerCgroup(
    { ociVersion: '', linux: { resources: { devices: [{ allow: true, type: 'a' }], ...resources } } },
    {
      facts,
      id,
      root: { kind: 'directory', path: '' },
      mode: 'run',
      terminal: { kind: 'none' },
      cgroup: { path: cgroupsPath, directories: directoriesAt(facts.cgroup, cgroups) },
    },
  );
  return inMemoryOrder(limits);
}

/** Version 1 never lets the limit of memory pass that of memory and swap, so what grows goes the other way round. */
function inMemoryOrder(steps: Step[]): Step[] {
  const memory = steps.findIndex((step) => step.op === 'write' && step.path.endsWith(`/${MEMORY}`));
  const both = steps.findIndex((step) => step.op === 'write' && step.path.endsWith(`/${MEMORY_AND_SWAP}`));
  const [first, second] = [steps[memory], steps[both]];
  if (first?.op !== 'write' || second?.op !== 'write') return steps;
  const held = readNumber(second.path.slice(0, -MEMORY_AND_SWAP.length - 1), MEMORY_AND_SWAP);
  const wanted = BigInt(second.data);
  if (held === undefined || (wanted >= 0n && wanted <= held)) return steps;
  return steps.with(memory, second).with(both, first);
}
