import { Fault } from '#base/fault.ts';
import type { MemoryResources } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';

function limit(file: string, value: string, field: keyof MemoryResources): Limit {
  return { controller: 'memory', file, value, origin: `linux.resources.memory.${field}` };
}

/** `swap` of the specification is memory and swap together, as memory.memsw.limit_in_bytes is. */
export function memoryLimitsV1(memory: MemoryResources): Limit[] {
  checkSwap(memory);
  const limits: Limit[] = [];
  if (memory.limit) limits.push(limit('memory.limit_in_bytes', String(memory.limit), 'limit'));
  // Without a limit on memory there is none on memory and swap together.
  const swap = memory.swap || (memory.limit === -1 ? -1 : 0);
  if (swap) limits.push(limit('memory.memsw.limit_in_bytes', String(swap), 'swap'));
  if (memory.reservation) limits.push(limit('memory.soft_limit_in_bytes', String(memory.reservation), 'reservation'));
  if (memory.swappiness !== undefined && memory.swappiness !== null) {
    limits.push(limit('memory.swappiness', String(memory.swappiness), 'swappiness'));
  }
  // Kernels since 5.11 count hierarchically whatever is asked for, and refuse to be told otherwise.
  if (memory.useHierarchy) limits.push(limit('memory.use_hierarchy', '1', 'useHierarchy'));
  if (memory.disableOOMKiller) limits.push(limit('memory.oom_control', '1', 'disableOOMKiller'));
  // Version 1 alone counts the buffers of TCP apart.
  if (memory.kernelTCP) limits.push(limit('memory.kmem.tcp.limit_in_bytes', String(memory.kernelTCP), 'kernelTCP'));
  return limits;
}

/** memory.swap.max of version 2 counts swap alone. Swappiness and the OOM killer switch do not exist there. */
export function memoryLimitsV2(memory: MemoryResources): Limit[] {
  checkSwap(memory);
  const limits: Limit[] = [];
  const swap = swapAlone(memory);
  if (swap !== undefined) limits.push(limit('memory.swap.max', swap, 'swap'));
  if (memory.limit) limits.push(limit('memory.max', bytes(memory.limit), 'limit'));
  if (memory.reservation) limits.push(limit('memory.low', bytes(memory.reservation), 'reservation'));
  return limits;
}

/** What goes to memory.swap.max, or undefined when nothing was asked. */
function swapAlone({ limit: memory = 0, swap = 0 }: MemoryResources): string | undefined {
  if (swap === 0) return undefined;
  if (swap < 0) return 'max';
  return memory > 0 ? String(swap - memory) : String(swap);
}

function bytes(value: number): string {
  return value < 0 ? 'max' : String(value);
}

function checkSwap({ limit: memory = 0, swap = 0 }: MemoryResources): void {
  const field = 'linux.resources.memory.swap';
  if (swap > 0 && memory > swap) throw new Fault('invalid', `${field} (memory and swap) is below the limit`, { field });
  if (swap > 0 && memory <= 0) throw new Fault('invalid', `${field} needs linux.resources.memory.limit`, { field });
}
