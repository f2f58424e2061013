import { Fault } from '#base/fault.ts';
import type { BlockIO, Resources } from '#runtime/spec/spec.ts';

/** Limits as they were asked for; what is left out is not limited. */
export interface ResourceWish {
  /** Bytes, as all of memory. */
  memory?: number;
  /** Memory and swap together; -1 for no bound. Twice the memory when left out. */
  memorySwap?: number;
  memoryReservation?: number;
  /** 0 to 100. */
  memorySwappiness?: number;
  oomKillDisable?: boolean;
  /** Processors, such as 1.5. */
  cpus?: number;
  cpuShares?: number;
  /** Microseconds, as the other three. */
  cpuPeriod?: number;
  cpuQuota?: number;
  cpuRealtimePeriod?: number;
  cpuRealtimeRuntime?: number;
  /** Lists such as `0-3,7`. */
  cpusetCpus?: string;
  cpusetMems?: string;
  /** At most so many processes and threads; -1 for no bound. */
  pidsLimit?: number;
  /** 10 to 1000. */
  blkioWeight?: number;
}

const CPU_PERIOD_MICROSECONDS = 100_000;
const LEAST_MEMORY = 6 * 2 ** 20;

/** Limits of a container; swap is as large as memory when only memory is given, as docker has it. */
export function resourcesOf(options: ResourceWish & { privileged: boolean; blockIo?: BlockIO }): Resources {
  const { pidsLimit } = options;
  const blockIO = {
    ...options.blockIo,
    ...(options.blkioWeight === undefined ? {} : { weight: options.blkioWeight }),
  };
  const [memory, cpu] = [memoryOf(options), cpuOf(options)];
  return {
    // The runtime adds the devices that every container has.
    devices: [{ allow: options.privileged, access: 'rwm' }],
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(pidsLimit === undefined ? {} : { pids: { limit: pidsLimit === 0 ? -1 : pidsLimit } }),
    ...(Object.keys(blockIO).length === 0 ? {} : { blockIO }),
  };
}

type Section<K extends keyof Resources> = NonNullable<Resources[K]>;

function memoryOf(wish: ResourceWish): Section<'memory'> {
  const { memory, memorySwap, memoryReservation, memorySwappiness, oomKillDisable } = wish;
  const swap = memorySwap ?? (memory === undefined ? undefined : memory * 2);
  return {
    ...(memory === undefined ? {} : { limit: memory }),
    ...(swap === undefined ? {} : { swap }),
    ...(memoryReservation === undefined ? {} : { reservation: memoryReservation }),
    ...(memorySwappiness === undefined ? {} : { swappiness: memorySwappiness }),
    ...(oomKillDisable === true ? { disableOOMKiller: true } : {}),
  };
}

function cpuOf(wish: ResourceWish): Section<'cpu'> {
  const { cpus, cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems } = wish;
  return {
    ...(cpus === undefined
      ? {}
      : { quota: Math.round(cpus * CPU_PERIOD_MICROSECONDS), period: CPU_PERIOD_MICROSECONDS }),
    ...(cpuPeriod === undefined ? {} : { period: cpuPeriod }),
    ...(cpuQuota === undefined ? {} : { quota: cpuQuota }),
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
    ...(wish.cpuRealtimePeriod === undefined ? {} : { realtimePeriod: wish.cpuRealtimePeriod }),
    ...(wish.cpuRealtimeRuntime === undefined ? {} : { realtimeRuntime: wish.cpuRealtimeRuntime }),
    ...(cpusetCpus === undefined ? {} : { cpus: cpusetCpus }),
    ...(cpusetMems === undefined ? {} : { mems: cpusetMems }),
  };
}

type Check = (wish: ResourceWish) => readonly [boolean, field: string, why: string];

/** What cannot be meant; the kernel has the last word on the rest. */
const CHECKS: readonly Check[] = [
  ({ memory = LEAST_MEMORY }) => [memory < LEAST_MEMORY, '--memory', 'the least memory limit is 6m'],
  ({ memory, memorySwap = -1 }) => [
    memorySwap !== -1 && memory === undefined,
    '--memory-swap',
    'memory and swap are limited together only beside --memory',
  ],
  ({ memory = 0, memorySwap = -1 }) => [
    memorySwap !== -1 && memorySwap < memory,
    '--memory-swap',
    'memory and swap together are below --memory',
  ],
  ({ memory = Infinity, memoryReservation = 0 }) => [
    memoryReservation > memory,
    '--memory-reservation',
    'the soft limit is above --memory',
  ],
  ({ memorySwappiness = 0 }) => [
    memorySwappiness < 0 || memorySwappiness > 100,
    '--memory-swappiness',
    'it goes from 0 to 100',
  ],
  ({ cpus, cpuPeriod }) => [cpus !== undefined && cpuPeriod !== undefined, '--cpu-period', '--cpus sets it already'],
  ({ cpus, cpuQuota }) => [cpus !== undefined && cpuQuota !== undefined, '--cpu-quota', '--cpus sets it already'],
  ({ cpuPeriod = 1000 }) => [cpuPeriod < 1000 || cpuPeriod > 1_000_000, '--cpu-period', 'it goes from 1000 to 1000000'],
  ({ cpuQuota = -1 }) => [cpuQuota > 0 && cpuQuota < 1000, '--cpu-quota', 'the least quota is 1000'],
  ({ blkioWeight = 10 }) => [blkioWeight < 10 || blkioWeight > 1000, '--blkio-weight', 'it goes from 10 to 1000'],
];

/** Throws `invalid` for limits that contradict each other or cannot be. */
export function checkResources(wish: ResourceWish): void {
  for (const check of CHECKS) {
    const [isWrong, field, why] = check(wish);
    if (isWrong) throw new Fault('invalid', `read ${field}: ${why}`, { field });
  }
}
