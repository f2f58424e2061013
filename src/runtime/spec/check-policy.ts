import { Fault } from '#base/fault.ts';
import { count, integer, list, oneOf, shape, text, type Check } from './check.ts';

const policies = ['OTHER', 'FIFO', 'RR', 'BATCH', 'ISO', 'IDLE', 'DEADLINE'].map((name) => `SCHED_${name}`);
const schedulerFlags = [
  'RESET_ON_FORK',
  'RECLAIM',
  'DL_OVERRUN',
  'KEEP_POLICY',
  'KEEP_PARAMS',
  'UTIL_CLAMP_MIN',
  'UTIL_CLAMP_MAX',
].map((name) => `SCHED_FLAG_${name}`);
const memoryModes = [
  'DEFAULT',
  'PREFERRED',
  'BIND',
  'INTERLEAVE',
  'LOCAL',
  'PREFERRED_MANY',
  'WEIGHTED_INTERLEAVE',
].map((name) => `MPOL_${name}`);

const schedulerShape = shape({
  required: { policy: oneOf(...policies) },
  optional: {
    nice: integer(-20, 19),
    priority: integer(0, 99),
    flags: list(oneOf(...schedulerFlags)),
    runtime: count,
    deadline: count,
    period: count,
  },
});

const DEADLINE_ONLY = ['runtime', 'deadline', 'period'] as const;

/** What sched(7) demands of the fields, so that a mistake is named here and not by a bare EINVAL. */
export const scheduler: Check = (value, field) => {
  schedulerShape(value, field);
  const given = value as { policy: string; priority?: number; runtime?: number; deadline?: number; period?: number };
  const realTime = given.policy === 'SCHED_FIFO' || given.policy === 'SCHED_RR';
  if (given.priority && !realTime) fail(`${field}.priority`, 'is for SCHED_FIFO and SCHED_RR only');
  for (const name of DEADLINE_ONLY) {
    if (given[name] && given.policy !== 'SCHED_DEADLINE') fail(`${field}.${name}`, 'is for SCHED_DEADLINE only');
  }
};

export const ioPriority = shape({
  required: { class: oneOf('IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE') },
  optional: { priority: integer(0, 7) },
});

export const execCPUAffinity = shape({ optional: { initial: text, final: text } });

export const personality = shape({
  required: { domain: oneOf('LINUX', 'LINUX32') },
  refused: ['flags'],
});

export const memoryPolicy = shape({
  required: { mode: oneOf(...memoryModes) },
  optional: {
    nodes: text,
    flags: list(oneOf('MPOL_F_NUMA_BALANCING', 'MPOL_F_RELATIVE_NODES', 'MPOL_F_STATIC_NODES')),
  },
});

function fail(field: string, why: string): never {
  throw new Fault('invalid', `${field} ${why}`, { field });
}
