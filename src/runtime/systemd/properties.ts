import { weightOfShares } from '#runtime/cgroup/cpu.ts';
import { bitsOfList } from '#runtime/lower/bit-list.ts';
import type { CpuResources, MemoryResources, Resources } from '#runtime/spec/spec.ts';
import type { Variant } from './dbus-value.ts';

/** A property of a unit: its name and its value. */
export type Property = readonly [name: string, value: Variant];

const INFINITY = (1n << 64n) - 1n;
const SECOND = 1_000_000;

const number = (name: string, value: number | bigint): Property => [
  name,
  { signature: 't', value: BigInt(value) < 0n ? INFINITY : BigInt(value) },
];
export const text = (name: string, value: string): Property => [name, { signature: 's', value }];
export const flag = (name: string, value: boolean): Property => [name, { signature: 'b', value }];

/**
 * Limits in systemd's own words. They are written to the group as well; but only what systemd knows of survives the next time
 * that it looks at the unit.
 */
export function resourceProperties(resources: Resources, version: 1 | 2): Property[] {
  const { memory = {}, cpu = {}, pids, unified = {} } = resources;
  const memoryOf = version === 2 ? memoryV2 : memoryV1;
  const tasks = typeof pids?.limit === 'number' ? [number('TasksMax', pids.limit || 1)] : [];
  const named = version === 2 ? Object.entries(unified).flatMap(([file, value]) => fileProperty(file, value)) : [];
  return [...memoryOf(memory), ...cpuProperties(cpu, version), ...tasks, ...named];
}

function memoryV1({ limit }: MemoryResources): Property[] {
  return limit ? [number('MemoryLimit', limit)] : [];
}

function memoryV2({ limit = 0, swap = 0, reservation }: MemoryResources): Property[] {
  const properties: Property[] = [];
  if (limit) properties.push(number('MemoryMax', limit));
  if (reservation) properties.push(number('MemoryLow', reservation));
  if (swap) properties.push(number('MemorySwapMax', swap < 0 || limit <= 0 ? swap : swap - limit));
  return properties;
}

function cpuProperties(cpu: CpuResources, version: 1 | 2): Property[] {
  const properties: Property[] = [];
  if (cpu.shares) {
    properties.push(version === 2 ? number('CPUWeight', weightOfShares(cpu.shares)) : number('CPUShares', cpu.shares));
  }
  if (cpu.period) properties.push(number('CPUQuotaPeriodUSec', cpu.period));
  if (cpu.quota) properties.push(number('CPUQuotaPerSecUSec', quotaPerSecond(cpu.quota, cpu.period || 100_000)));
  if (version === 2 && cpu.cpus) properties.push(mask('AllowedCPUs', cpu.cpus, 'cpus'));
  if (version === 2 && cpu.mems) properties.push(mask('AllowedMemoryNodes', cpu.mems, 'mems'));
  return properties;
}

/** In whole percents, as systemd keeps it; rounded up, so that what is asked for can be reached. */
function quotaPerSecond(quota: number, period: number): number {
  if (quota < 0) return -1;
  const perSecond = Math.floor((quota * SECOND) / period);
  return Math.ceil(perSecond / 10_000) * 10_000;
}

function mask(name: string, list: string, field: string): Property {
  return [name, { signature: 'ay', value: [...bitsOfList(list, `linux.resources.cpu.${field}`)] }];
}

const FILES: Readonly<Record<string, string>> = {
  'memory.min': 'MemoryMin',
  'memory.low': 'MemoryLow',
  'memory.high': 'MemoryHigh',
  'memory.max': 'MemoryMax',
  'memory.swap.max': 'MemorySwapMax',
  'pids.max': 'TasksMax',
  'cpu.weight': 'CPUWeight',
};

/** Files that systemd has a property for; of others it knows nothing, and leaves them alone. */
function fileProperty(file: string, value: string): Property[] {
  const name = FILES[file];
  if (name === undefined || !/^(max|\d+)$/.test(value)) return [];
  return [number(name, value === 'max' ? INFINITY : BigInt(value))];
}
