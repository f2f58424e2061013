import { readFileSync } from 'node:fs';
import { processesOf } from '#runtime/cgroup/processes.ts';
import { groupsBelow } from '#runtime/cgroup/tree.ts';
import type { Engine } from '#engine/engine.ts';
import { containerCgroups, type CgroupOwner } from '#engine/container/cgroups.ts';
import { needRunning } from '#engine/container/pause.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { chooseColumns } from './choose.ts';
import { readMachine, readProcess } from './process.ts';

export interface Top {
  titles: string[];
  processes: string[][];
}

/** The processes of a running container, in order, as options of ps wish to see them. Runs no program anywhere. */
export function topOf(engine: Engine, record: ContainerRecord, options: readonly string[]): Top {
  const columns = chooseColumns(options);
  needRunning(engine, record, 'top of');
  const machine = readMachine();
  const [users, groups] = [namesIn('/etc/passwd'), namesIn('/etc/group')];
  const around = {
    machine,
    userName: (uid: number) => users.get(String(uid)) ?? String(uid),
    groupName: (gid: number) => groups.get(String(gid)) ?? String(gid),
  };
  const processes = containerPids(engine, record)
    .map((pid) => readProcess(pid, machine))
    .filter((process) => process !== undefined);
  return {
    titles: columns.map(({ title }) => title),
    processes: processes.map((process) => columns.map(({ show }) => show(process, around))),
  };
}

/** Pids on the host of all that is in the container's control groups, also in groups that it made. */
export function containerPids(engine: Engine, record: CgroupOwner): number[] {
  const [group] = containerCgroups(engine, record);
  const found = group === undefined ? [] : groupsBelow(group).flatMap(processesOf);
  return found.toSorted((left, right) => left - right);
}

/** The host's names, as its own ps would show them. */
function namesIn(file: string): Map<string, string> {
  try {
    const rows = readFileSync(file, 'utf8').split('\n');
    return new Map(rows.map((row) => row.split(':')).map(([name = '', , id = '']) => [id, name]));
  } catch {
    return new Map();
  }
}
