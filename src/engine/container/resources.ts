import type { Spec } from '#runtime/spec/spec.ts';
import type { ContainerOptions } from './options.ts';

type Resources = NonNullable<NonNullable<Spec['linux']>['resources']>;

const CPU_PERIOD_MICROSECONDS = 100_000;

/** Devices that every container may use: type, major, minor (undefined for any). */
const DEVICES: readonly (readonly ['c', number, number | undefined])[] = [
  ['c', 1, 3],
  ['c', 1, 5],
  ['c', 1, 7],
  ['c', 5, 0],
  ['c', 1, 9],
  ['c', 1, 8],
  ['c', 5, 1],
  ['c', 5, 2],
  ['c', 136, undefined],
];

/** Limits of a container; swap is as large as memory when only memory is given, as docker has it. */
export function resourcesOf(options: ContainerOptions): Resources {
  const { memory, cpus, pidsLimit } = options;
  return {
    devices: options.privileged ? [{ allow: true, access: 'rwm' }] : deviceRules(),
    ...(memory === undefined ? {} : { memory: { limit: memory, swap: memory * 2 } }),
    ...(cpus === undefined
      ? {}
      : { cpu: { quota: Math.round(cpus * CPU_PERIOD_MICROSECONDS), period: CPU_PERIOD_MICROSECONDS } }),
    ...(pidsLimit === undefined ? {} : { pids: { limit: pidsLimit } }),
  };
}

function deviceRules(): NonNullable<Resources['devices']> {
  const allowed = DEVICES.map(([type, major, minor]) => ({
    allow: true,
    type,
    major,
    access: 'rwm',
    ...(minor === undefined ? {} : { minor }),
  }));
  // Nodes of any number may be made, they just cannot be opened.
  return [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', access: 'm' },
    { allow: true, type: 'b', access: 'm' },
    ...allowed,
  ];
}
