import { Fault } from '#base/fault.ts';
import type { Resources } from '#runtime/spec/spec.ts';
import { blockLimitsV1, blockLimitsV2 } from './block-io.ts';
import { cpuLimitsV1, cpuLimitsV2 } from './cpu.ts';
import { hugePageLimitsV1, hugePageLimitsV2 } from './huge-pages.ts';
import type { Limit } from './limit.ts';
import { memoryLimitsV1, memoryLimitsV2 } from './memory.ts';
import { networkLimits } from './network.ts';
import { pidsLimits } from './pids.ts';
import { rdmaLimits } from './rdma.ts';

/** All of linux.resources but the devices, for the controllers of version 1 (also when the layout is hybrid). */
export function limitsV1(resources: Resources): Limit[] {
  if (Object.keys(resources.unified ?? {}).length > 0) {
    throw new Fault('unsupported', 'linux.resources.unified needs cgroup version 2', {
      field: 'linux.resources.unified',
    });
  }
  const { memory, cpu, pids, blockIO, hugepageLimits, network, rdma } = resources;
  return [
    ...(memory ? memoryLimitsV1(memory) : []),
    ...(cpu ? cpuLimitsV1(cpu) : []),
    ...(pids ? pidsLimits(pids) : []),
    ...(blockIO ? blockLimitsV1(blockIO) : []),
    ...(hugepageLimits ? hugePageLimitsV1(hugepageLimits) : []),
    ...(network ? networkLimits(network) : []),
    ...(rdma ? rdmaLimits(rdma) : []),
  ];
}

/** The same for version 2; what is written by file name comes last, and so has the last word. */
export function limitsV2(resources: Resources): Limit[] {
  const network = networkLimits(resources.network ?? {})[0];
  if (network !== undefined) {
    throw new Fault('unsupported', `${network.origin}: cgroup version 2 has no controller "${network.controller}"`, {
      field: network.origin,
    });
  }
  return [
    ...memoryLimitsV2(resources.memory ?? {}),
    ...cpuLimitsV2(resources.cpu ?? {}),
    ...pidsLimits(resources.pids),
    ...blockLimitsV2(resources.blockIO ?? {}),
    ...hugePageLimitsV2(resources.hugepageLimits ?? []),
    ...rdmaLimits(resources.rdma ?? {}),
    ...unifiedLimits(resources.unified ?? {}),
  ];
}

/** What was asked for and has no counterpart here, one sentence each. */
export function ignoredLimits({ memory = {} }: Resources, version: 1 | 2): string[] {
  const ignored = (field: keyof typeof memory, why: string): string[] =>
    memory[field] ? [`linux.resources.memory.${field} has no effect: ${why}`] : [];
  const none = 'cgroup version 2 has no such setting';
  return [
    ...ignored('kernel', 'kernels count such memory with the rest'),
    ...(version === 2
      ? [...ignored('kernelTCP', none), ...ignored('swappiness', none), ...ignored('disableOOMKiller', none)]
      : []),
  ];
}

function unifiedLimits(unified: Record<string, string>): Limit[] {
  return Object.entries(unified).map(([file, value]) => {
    const origin = `linux.resources.unified.${file}`;
    if (file.includes('/') || file.startsWith('.'))
      throw new Fault('invalid', `${origin} is no file name`, { field: origin });
    return { controller: file.slice(0, file.indexOf('.')), file, value, origin };
  });
}
