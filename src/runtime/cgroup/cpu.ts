import { Fault } from '#base/fault.ts';
import type { CpuResources } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';

/**
 * cpu.shares of version 1 (2 to 262144, 1024 by default) as cpu.weight of version 2 (1 to 10000, 100 by default).
 * A curve that is quadratic in the logarithm, so that the least, the default and the greatest value all meet.
 */
export function weightOfShares(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

export function cpuLimitsV1(cpu: CpuResources): Limit[] {
  const of = (file: string, field: keyof CpuResources, controller = 'cpu'): Limit[] => {
    const value = cpu[field];
    return value ? [{ controller, file, value: String(value), origin: `linux.resources.cpu.${field}` }] : [];
  };
  return [
    ...of('cpu.shares', 'shares'),
    ...of('cpu.cfs_period_us', 'period'),
    ...of('cpu.cfs_quota_us', 'quota'),
    ...of('cpu.cfs_burst_us', 'burst'),
    ...of('cpu.rt_period_us', 'realtimePeriod'),
    ...of('cpu.rt_runtime_us', 'realtimeRuntime'),
    ...of('cpu.idle', 'idle'),
    ...of('cpuset.cpus', 'cpus', 'cpuset'),
    ...of('cpuset.mems', 'mems', 'cpuset'),
  ];
}

export function cpuLimitsV2(cpu: CpuResources): Limit[] {
  const limits: Limit[] = [];
  const add = (file: string, value: string, field: string, controller = 'cpu'): void => {
    limits.push({ controller, file, value, origin: `linux.resources.cpu.${field}` });
  };
  for (const name of ['realtimePeriod', 'realtimeRuntime'] as const) {
    const field = `linux.resources.cpu.${name}`;
    if (cpu[name]) throw new Fault('unsupported', `${field}: cgroup version 2 has no share of real time`, { field });
  }
  if (cpu.idle) add('cpu.idle', String(cpu.idle), 'idle');
  else if (cpu.shares) add('cpu.weight', String(weightOfShares(cpu.shares)), 'shares');
  if (cpu.quota || cpu.period) {
    const quota = cpu.quota && cpu.quota > 0 ? String(cpu.quota) : 'max';
    add('cpu.max', `${quota} ${cpu.period || 100000}`, cpu.quota ? 'quota' : 'period');
  }
  if (cpu.burst) add('cpu.max.burst', String(cpu.burst), 'burst');
  if (cpu.cpus) add('cpuset.cpus', cpu.cpus, 'cpus', 'cpuset');
  if (cpu.mems) add('cpuset.mems', cpu.mems, 'mems', 'cpuset');
  return limits;
}
