import { Fault } from '#base/fault.ts';
import { CLONE, OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { NamespaceType, Spec } from '#runtime/spec/spec.ts';
import { lowerTimeOffsets } from './time-namespace.ts';

export const NAMESPACE_FLAGS: Readonly<Record<NamespaceType, number>> = {
  mount: CLONE.newns,
  cgroup: CLONE.newcgroup,
  uts: CLONE.newuts,
  ipc: CLONE.newipc,
  user: CLONE.newuser,
  pid: CLONE.newpid,
  network: CLONE.newnet,
  time: CLONE.newtime,
};

export interface LoweredNamespaces {
  /** For the clone of init. A new user namespace owns the others of the same clone. */
  cloneFlags: number;
  /** First program: opens what is joined; a joined pid namespace is entered here, since it counts for children. */
  open: Step[];
  /** Init: joins, the user namespace last, while the rights of the host still hold. */
  join: Step[];
  /** Init: makes what must come after the join of the cgroup or of a user namespace. */
  unshare: Step[];
  has(type: NamespaceType): boolean;
  /** True when the namespace is new and not shared. */
  isNew(type: NamespaceType): boolean;
  /** True when it is made by init itself, after its clone. */
  isLate(type: NamespaceType): boolean;
}

/** Where the first program has a namespace that is joined by its path. */
export const joinedSlot = (type: NamespaceType): string => `ns.${type}`;

/**
 * `userFirst`: who has no rights in the host's namespaces gets them in a user namespace of their own, so the first program
 * enters that before any other, and makes init in it.
 */
export function lowerNamespaces(spec: Spec, userFirst = false): LoweredNamespaces {
  const namespaces = spec.linux?.namespaces ?? [];
  const paths = new Map(namespaces.map((entry) => [entry.type, entry.path || undefined]));
  const open: Step[] = [];
  const join: Step[] = [];
  let cloneFlags = 0;
  let lateFlags = 0;
  const joinsUser = paths.get('user') !== undefined && !userFirst;
  if (joinsUser && paths.has('pid') && paths.get('pid') === undefined) {
    throw new Fault('unsupported', 'linux.namespaces: a new pid namespace below a joined user namespace', {
      field: 'linux.namespaces',
      hint: 'Give the pid namespace a path too, or let the user namespace be new',
    });
  }
  for (const [index, { type, path }] of namespaces.entries()) {
    const flag = NAMESPACE_FLAGS[type];
    if (!path) {
      // Made for the children of the first program: its clocks are set before there is any.
      if (type === 'time') open.push(...newTime(spec));
      else if (type === 'cgroup' || joinsUser) lateFlags |= flag;
      else cloneFlags |= flag;
      continue;
    }
    const origin = `linux.namespaces[${index}]`;
    const slot = joinedSlot(type);
    const opened: Step = { op: 'open', path, flags: OPEN.readOnly, out: slot, origin };
    // A handle of the host's must not stay open in a process that waits inside the container.
    const enter: Step[] = [
      { op: 'setns', slot, flags: flag, origin },
      { op: 'close', slot, origin },
    ];
    if (type === 'user' && userFirst) {
      open.unshift(opened, ...enter);
      continue;
    }
    open.push(opened);
    if (type === 'pid') open.push(...enter);
    else if (type === 'user') join.push(...enter);
    else join.unshift(...enter);
  }
  const unshare: Step[] = lateFlags === 0 ? [] : [{ op: 'unshare', flags: lateFlags, origin: 'linux.namespaces' }];
  return {
    cloneFlags,
    open,
    join,
    unshare,
    has: (type) => paths.has(type),
    isNew: (type) => paths.has(type) && paths.get(type) === undefined,
    isLate: (type) => (lateFlags & NAMESPACE_FLAGS[type]) !== 0,
  };
}

function newTime(spec: Spec): Step[] {
  return [
    { op: 'unshare', flags: CLONE.newtime, origin: 'linux.namespaces' },
    ...lowerTimeOffsets(spec.linux?.timeOffsets),
  ];
}
