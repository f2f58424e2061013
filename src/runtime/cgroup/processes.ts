import { readFileSync } from 'node:fs';

/** Pids of one control group, without its children; none when the group is gone. */
export function processesOf(path: string): number[] {
  try {
    return readFileSync(`${path}/cgroup.procs`, 'latin1').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
