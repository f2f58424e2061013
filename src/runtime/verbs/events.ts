import { setTimeout as sleep } from 'node:timers/promises';
import { startTime } from '#base/process-identity.ts';
import { readTable } from '#runtime/cgroup/files.ts';
import type { Stats } from '#runtime/cgroup/counts.ts';
import { rdtCounts } from '#runtime/cgroup/rdt-counts.ts';
import { readStats } from '#runtime/cgroup/stats.ts';
import { rdtGroups } from '#runtime/lower/intel-rdt.ts';
import { readStoredSpec } from '#runtime/state/stored-state.ts';
import { runningContainer, type Running } from './running.ts';
import type { Runtime } from './runtime.ts';

const LOOK_MS = 100;

export type Event = { type: 'stats'; id: string; data: Stats } | { type: 'oom'; id: string };

/** The counters of a container at this moment. */
export function containerStats(runtime: Pick<Runtime, 'stateRoot' | 'facts'>, id: string): Event {
  return statsEvent(runtime, id, runningContainer(runtime, id));
}

function statsEvent(runtime: Pick<Runtime, 'facts'>, id: string, { directory, stored }: Running): Event {
  const data = readStats(stored.cgroups);
  const { linux } = readStoredSpec(directory, id);
  const groups = linux?.intelRdt === undefined ? undefined : rdtGroups(linux, id, runtime.facts());
  const counted = groups === undefined ? {} : { intel_rdt: rdtCounts(groups.group, groups.monitored) };
  return { type: 'stats', id, data: { ...data, ...counted } };
}

/**
 * Tells the counters every `intervalMs`, and at once when the kernel has killed a process for want of memory, until the
 * container has ended.
 */
export async function watchContainer(
  runtime: Pick<Runtime, 'stateRoot' | 'facts'>,
  id: string,
  intervalMs: number,
  tell: (event: Event) => void,
): Promise<void> {
  const running = runningContainer(runtime, id);
  let killed = oomKills(running);
  let next = Date.now() + intervalMs;
  while (isAlive(running)) {
    await sleep(Math.max(1, Math.min(LOOK_MS, next - Date.now())));
    const now = oomKills(running);
    if (now > killed) tell({ type: 'oom', id });
    killed = now;
    if (Date.now() < next || !isAlive(running)) continue;
    tell(statsEvent(runtime, id, running));
    next += intervalMs;
  }
}

function isAlive({ init }: Running): boolean {
  return startTime(init.pid) === init.startTime;
}

/** So many processes the kernel has killed; 0 when the group is gone, which must not look like a new one. */
function oomKills({ stored: { cgroups } }: Running): bigint {
  let kills = 0n;
  for (const group of cgroups) {
    kills += readTable(group, 'memory.events')['oom_kill'] ?? 0n;
    kills += readTable(group, 'memory.oom_control')['oom_kill'] ?? 0n;
  }
  return kills;
}
