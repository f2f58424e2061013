import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { processesOf } from '#runtime/cgroup/processes.ts';
import { groupsBelow } from '#runtime/cgroup/tree.ts';
import type { Engine } from '#engine/engine.ts';
import { containerCgroups, type CgroupOwner } from './cgroups.ts';
import { containerDirectory } from './record.ts';
import { readInit } from './state.ts';

/**
 * Pids on the host of all that is in a container: in its control groups, also in those that it made. Without any, what is in
 * its pid namespace, or comes from its first process where that is the host's.
 */
export function containerPids(engine: Engine, owner: CgroupOwner): number[] {
  const [group] = containerCgroups(engine, owner);
  const found = group === undefined ? withoutGroup(engine, owner.id) : groupsBelow(group).flatMap(processesOf);
  return found.toSorted((left, right) => left - right);
}

function withoutGroup(engine: Engine, id: string): number[] {
  const init = readInit(containerDirectory(engine.root, id));
  if (init === undefined || !init.alive) return [];
  const own = pidNamespace('self');
  const shared = pidNamespace(String(init.pid));
  if (shared === undefined || shared === own) return descendants(init.pid);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && pidNamespace(name) === shared)
    .map(Number);
}

/** Undefined for who has ended, or belongs to somebody else. */
function pidNamespace(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function descendants(pid: number): number[] {
  let children: string;
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  } catch {
    return [];
  }
  return [pid, ...children.split(' ').filter(Boolean).map(Number).flatMap(descendants)];
}
