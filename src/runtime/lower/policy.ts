import { Fault } from '#base/fault.ts';
import type { Step } from '#kernel/plan.ts';
import type { Linux, Process, Scheduler } from '#runtime/spec/spec.ts';
import { bitsOfList } from './bit-list.ts';

/** Names of the specification, and the kernel's numbers. */
export const SCHEDULER_POLICIES: Readonly<Record<string, number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};

export const SCHEDULER_FLAGS: Readonly<Record<string, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x1,
  SCHED_FLAG_RECLAIM: 0x2,
  SCHED_FLAG_DL_OVERRUN: 0x4,
  SCHED_FLAG_KEEP_POLICY: 0x8,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
};

export const IO_CLASSES: Readonly<Record<string, number>> = {
  IOPRIO_CLASS_RT: 1,
  IOPRIO_CLASS_BE: 2,
  IOPRIO_CLASS_IDLE: 3,
};

export const MEMORY_MODES: Readonly<Record<string, number>> = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
};

export const MEMORY_FLAGS: Readonly<Record<string, number>> = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
};

export const PERSONALITIES: Readonly<Record<string, number>> = { LINUX: 0, LINUX32: 8 };

/** The kernel's set_mempolicy counts no further. */
const NODES = 1024;

/** How the kernel treats the program, set while the rights to ask for it are held; the program inherits it. */
export function lowerPolicy(process: Process, linux: Linux | undefined): Step[] {
  const { scheduler, ioPriority } = process;
  const steps: Step[] = [];
  if (scheduler) steps.push(lowerScheduler(scheduler));
  if (ioPriority) {
    const { class: name, priority = 0 } = ioPriority;
    steps.push({ op: 'ioPriority', class: IO_CLASSES[name] ?? 0, priority, origin: 'process.ioPriority' });
  }
  if (linux?.personality) {
    const domain = PERSONALITIES[linux.personality.domain] ?? 0;
    steps.push({ op: 'personality', domain, origin: 'linux.personality' });
  }
  if (linux?.memoryPolicy) steps.push(lowerMemoryPolicy(linux.memoryPolicy));
  return steps;
}

function lowerScheduler(scheduler: Scheduler): Step {
  const { policy, nice, priority, flags, runtime, deadline, period } = scheduler;
  return {
    op: 'scheduler',
    policy: SCHEDULER_POLICIES[policy] ?? 0,
    flags: sum(flags, SCHEDULER_FLAGS),
    nicePlus20: (nice ?? 0) + 20,
    priority: priority ?? 0,
    runtime: runtime ?? 0,
    deadline: deadline ?? 0,
    period: period ?? 0,
    origin: 'process.scheduler',
  };
}

function lowerMemoryPolicy({ mode, nodes, flags }: NonNullable<Linux['memoryPolicy']>): Step {
  const origin = 'linux.memoryPolicy';
  const without = mode === 'MPOL_DEFAULT' || mode === 'MPOL_LOCAL';
  if (without && nodes) {
    throw new Fault('invalid', `${origin}.nodes: ${mode} takes no nodes`, { field: `${origin}.nodes` });
  }
  if (!without && !nodes && mode !== 'MPOL_PREFERRED') {
    throw new Fault('invalid', `${origin}.nodes: ${mode} needs nodes`, { field: `${origin}.nodes` });
  }
  return {
    op: 'memoryPolicy',
    mode: MEMORY_MODES[mode] ?? 0,
    flags: sum(flags, MEMORY_FLAGS),
    nodes: nodes ? bitsOfList(nodes, `${origin}.nodes`, NODES) : new Uint8Array(),
    origin,
  };
}

/** The processors of a further program: `initial` until it is in the container's control group, `final` from then on. */
export function lowerAffinity({ execCPUAffinity }: Process, when: 'initial' | 'final'): Step[] {
  const list = execCPUAffinity?.[when];
  const origin = `process.execCPUAffinity.${when}`;
  return list ? [{ op: 'affinity', mask: bitsOfList(list, origin), origin }] : [];
}

function sum(names: readonly string[] | undefined, numbers: Readonly<Record<string, number>>): number {
  return (names ?? []).reduce((all, name) => all | (numbers[name] ?? 0), 0);
}
