import type { Spec } from '#runtime/spec/spec.ts';
import type { ContainerOptions } from './options.ts';

type Resources = NonNullable<NonNullable<Spec['linux']>['resources']>;

const CPU_PERIOD_MICROSECONDS = 100_000;

/** Limits of a container; swap is as large as memory when only memory is given, as docker has it. */
export function resourcesOf(options: ContainerOptions): Resources {
  const { memory, cpus, pidsLimit } = options;
  return {
    // The runtime adds the devices that every container has.
    devices: [{ allow: options.privileged, access: 'rwm' }],
    ...(memory === undefined ? {} : { memory: { limit: memory, swap: memory * 2 } }),
    ...(cpus === undefined
      ? {}
      : { cpu: { quota: Math.round(cpus * CPU_PERIOD_MICROSECONDS), period: CPU_PERIOD_MICROSECONDS } }),
    ...(pidsLimit === undefined ? {} : { pids: { limit: pidsLimit === 0 ? -1 : pidsLimit } }),
  };
}
