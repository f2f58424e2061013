import type { CgroupLayout } from '#kernel/cgroup-layout.ts';
import { OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { CgroupDirectory } from '#runtime/cgroup/layout.ts';
import type { CgroupPlace } from '#runtime/cgroup/place.ts';
import { startScope } from '#runtime/systemd/scope.ts';
import { enableControllers, inheritCpuset } from './cgroup-steps.ts';
import { INIT_PIDFD } from './context.ts';

interface Joining {
  create: Step[];
  cloneInto: undefined;
  attach: Step[];
  join: Step[];
}

const ORIGIN = 'linux.cgroupsPath';

/** With a scope systemd makes the group, and moves init there before it does anything; nothing without one. */
export function joinScope(layout: CgroupLayout, place: CgroupPlace | undefined): Joining | undefined {
  if (place?.scope === undefined) return undefined;
  const { bus, unit, properties } = place.scope;
  const start = startScope(bus, unit, properties, INIT_PIDFD);
  const unified = place.directories.find(({ hierarchy }) => hierarchy === undefined);
  if (unified !== undefined) {
    const open: Step = {
      op: 'open',
      path: unified.path,
      flags: OPEN.path | OPEN.directory,
      out: 'cgroup',
      origin: ORIGIN,
    };
    const attach = [...start, ...enableControllers(layout, unified, 'ignore'), open];
    return { create: [], cloneInto: undefined, attach, join: [] };
  }
  // Of version 1 systemd looks after some hierarchies only, and its own is not for others to write to.
  const ours = place.directories.filter(({ hierarchy }) => hierarchy?.name !== 'systemd');
  return { create: [], cloneInto: undefined, attach: [...start, ...ours.flatMap(makeGroup)], join: ours.map(moveSelf) };
}

function makeGroup(directory: CgroupDirectory): Step[] {
  const make: Step = { op: 'mkdir', path: directory.path, mode: 0o755, parents: 1, origin: ORIGIN };
  return directory.hierarchy?.controllers.includes('cpuset') === true ? [make, ...inheritCpuset(directory)] : [make];
}

function moveSelf({ path }: CgroupDirectory): Step {
  return { op: 'write', path: `${path}/tasks`, data: '0', origin: ORIGIN };
}
