import { readFileSync } from 'node:fs';
import { noteContainer } from '#engine/event/container.ts';
import type { Engine } from '#engine/engine.ts';
import { needRunning } from '#engine/container/pause.ts';
import { containerPids } from '#engine/container/processes.ts';
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
  noteContainer(engine, record, 'top');
  return {
    titles: columns.map(({ title }) => title),
    processes: processes.map((process) => columns.map(({ show }) => show(process, around))),
  };
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
