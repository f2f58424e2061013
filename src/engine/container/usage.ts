import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { readStats } from '#runtime/cgroup/stats.ts';
import type { Engine } from '#engine/engine.ts';
import { containerCgroups, type CgroupOwner } from './cgroups.ts';
import { containerPids } from './processes.ts';
import { containerDirectory } from './record.ts';
import { observe } from './state.ts';
import { readMachine, readProcess } from './top/process.ts';

/** Counters of a container at one moment; bytes, and nanoseconds of processor time. */
export interface Sample {
  at: number;
  processor: number;
  memory: number;
  memoryLimit: number;
  received: number;
  sent: number;
  read: number;
  written: number;
  processes: number;
}

/** Undefined when the container does not run. */
export function sampleContainer(engine: Engine, record: CgroupOwner): Sample | undefined {
  const { status, pid } = observe(containerDirectory(engine.root, record.id));
  if (status !== 'running') return undefined;
  const groups = containerCgroups(engine, record);
  if (groups.length === 0) return { ...summedUp(engine, record), ...networkOf(pid) };
  const { cpu, memory, pids, blkio } = readStats(groups);
  const number = (value: unknown): number => Number(value ?? 0);
  const all = totalmem();
  const usage = number(memory.usage.usage);
  // What could be given up at once is not counted: version 1 calls it total_inactive_file, version 2 inactive_file.
  const idle = number(memory.raw['total_inactive_file'] ?? memory.raw['inactive_file']);
  const limit = number(memory.usage.limit);
  const moved = (op: RegExp): number =>
    (blkio['ioServiceBytesRecursive'] ?? []).reduce(
      (sum, count) => sum + (op.test(count.op ?? '') ? number(count.value) : 0),
      0,
    );
  return {
    at: performance.now(),
    processor: number(cpu.usage['total']),
    memory: usage > idle ? usage - idle : usage,
    memoryLimit: limit > 0 && limit < all ? limit : all,
    ...networkOf(pid),
    read: moved(/^r(ead|bytes)$/i),
    written: moved(/^w(rite|bytes)$/i),
    processes: number(pids.current),
  };
}

/** Without control groups: what the processes that there are say of themselves. Those that have ended count no more. */
function summedUp(engine: Engine, owner: CgroupOwner): Omit<Sample, 'received' | 'sent'> {
  const machine = readMachine();
  const processes = containerPids(engine, owner)
    .map((pid) => readProcess(pid, machine))
    .filter((one) => one !== undefined);
  const sum = (of: (one: (typeof processes)[number]) => number): number =>
    processes.reduce((total, one) => total + of(one), 0);
  return {
    at: performance.now(),
    processor: sum((one) => one.processor) * 1e9,
    memory: sum((one) => one.residentBytes),
    memoryLimit: machine.memory,
    read: 0,
    written: 0,
    processes: processes.length,
  };
}

/** All interfaces of its network namespace but the loopback. */
function networkOf(pid: number | undefined): { received: number; sent: number } {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, 'latin1');
  } catch {
    return { received: 0, sent: 0 };
  }
  const rows = text
    .split('\n')
    .slice(2)
    .map((line) => line.trim().split(/[\s:]+/));
  const outside = rows.filter(([name]) => name !== undefined && name !== '' && name !== 'lo');
  const sum = (column: number): number => outside.reduce((total, row) => total + Number(row[column] ?? 0), 0);
  return { received: sum(1), sent: sum(9) };
}

/** Processor time between two samples, where 100 is one processor in full. */
export function processorPercent(before: Sample, after: Sample): number {
  const elapsed = (after.at - before.at) * 1e6;
  return elapsed > 0 ? Math.max(0, (100 * (after.processor - before.processor)) / elapsed) : 0;
}
