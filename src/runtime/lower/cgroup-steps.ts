import type { CgroupLayout } from '#kernel/cgroup-layout.ts';
import type { OnError, Step } from '#kernel/plan.ts';
import type { CgroupDirectory } from '#runtime/cgroup/layout.ts';

const ORIGIN = 'linux.cgroupsPath';

/** A new cpuset of version 1 is empty and takes no process; each level gets its parent's cpus and memory nodes. */
export function inheritCpuset({ mountPoint, parts }: CgroupDirectory): Step[] {
  const steps: Step[] = [];
  let parent = mountPoint;
  for (const part of parts) {
    const level = `${parent}/${part}`;
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      steps.push({ op: 'inherit', from: `${parent}/${file}`, to: `${level}/${file}`, origin: ORIGIN });
    }
    parent = level;
  }
  return steps;
}

/** Passes every controller there is down to the container's own directory. Of a delegated tree only a part can be. */
export function enableControllers(
  { unified }: CgroupLayout,
  { mountPoint, parts }: CgroupDirectory,
  onError: OnError,
): Step[] {
  const all = unified?.controllers ?? [];
  const steps: Step[] = [];
  let at = mountPoint;
  for (const [depth, part] of parts.entries()) {
    const missing = depth === 0 ? all.filter((name) => !unified?.enabled.includes(name)) : all;
    for (const name of missing) {
      const path = `${at}/cgroup.subtree_control`;
      steps.push({ op: 'write', path, data: `+${name}`, onError, origin: ORIGIN });
    }
    at = `${at}/${part}`;
  }
  return steps;
}
