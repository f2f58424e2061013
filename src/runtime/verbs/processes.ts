import { Fault } from '#base/fault.ts';
import { processesOf } from '#runtime/cgroup/processes.ts';
import { groupsBelow } from '#runtime/cgroup/tree.ts';
import { runningContainer } from './running.ts';
import type { Runtime } from './runtime.ts';

/** Pids on the host of everything in the container's control group, in order. */
export function containerProcesses(runtime: Pick<Runtime, 'stateRoot'>, id: string): number[] {
  const { stored } = runningContainer(runtime, id);
  const [group] = stored.cgroups;
  if (group === undefined) throw new Fault('unsupported', 'ps: the container has no control group', { facts: { id } });
  return groupsBelow(group)
    .flatMap(processesOf)
    .toSorted((left, right) => left - right);
}
