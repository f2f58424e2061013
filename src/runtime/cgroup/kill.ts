import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readControl } from './files.ts';
import { processesOf } from './processes.ts';
import { groupsBelow } from './tree.ts';

const ROUNDS = 200;
const PAUSE_MS = 5;

/**
 * Kills everything in the control groups at `paths` (the directories of one container). Version 2 has a file for it;
 * on version 1 the group is frozen while its processes are signalled, so that none can fork away, then thawed.
 * Resolves when the groups are empty, or after a second of trying.
 */
export async function killAll(paths: readonly string[], signal: NodeJS.Signals | number = 'SIGKILL'): Promise<void> {
  const groups = paths.flatMap(groupsBelow);
  const whole = paths.find((path) => existsSync(`${path}/cgroup.kill`));
  if (whole !== undefined && (signal === 'SIGKILL' || signal === 9)) writeQuietly(`${whole}/cgroup.kill`, '1');
  for (let round = 0; round < ROUNDS; round++) {
    const pids = new Set(groups.flatMap(processesOf));
    if (pids.size === 0) return;
    if (whole === undefined || round > 0) signalFrozen(groups, pids, signal);
    if (signal !== 'SIGKILL' && signal !== 9) return;
    await sleep(PAUSE_MS);
  }
}

function signalFrozen(groups: readonly string[], pids: ReadonlySet<number>, signal: NodeJS.Signals | number): void {
  const freezers = groups.filter((group) => existsSync(`${group}/freezer.state`));
  const isKill = signal === 'SIGKILL' || signal === 9;
  // One that was paused before stays so, unless it is to die.
  const thawed = freezers.filter((group) => isKill || readControl(group, 'freezer.state') === 'THAWED');
  for (const group of freezers) writeQuietly(`${group}/freezer.state`, 'FROZEN');
  try {
    const now = freezers.length > 0 ? new Set(freezers.flatMap(processesOf)) : pids;
    for (const pid of now) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended by itself.
      }
    }
  } finally {
    for (const group of thawed) writeQuietly(`${group}/freezer.state`, 'THAWED');
  }
}

function writeQuietly(path: string, value: string): void {
  try {
    writeFileSync(path, value);
  } catch {
    // The group is gone, and with it its processes.
  }
}
