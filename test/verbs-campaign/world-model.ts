/** What is known of the containers of the campaign while their commands are killed: what must be, and what may be. */
import type { CliWorld } from '#test/cli/world.ts';

export interface Known {
  /** Whole id; containers are told apart by it, since their names may change half-way. */
  id: string;
  /** Names that it may have by now. */
  names: Set<string>;
  /** Limits of memory, in MiB, that it may have by now. */
  memory: Set<number>;
}

export interface Seen {
  id: string;
  name: string;
  status: string;
  memory: number;
  pid: number;
}

export async function look(world: CliWorld): Promise<Seen[]> {
  const ids = (await must(world, 'ps', '-aq', '--no-trunc')).split('\n').filter(Boolean);
  if (ids.length === 0) return [];
  const all = JSON.parse(await must(world, 'inspect', ...ids)) as {
    Id: string;
    Name: string;
    State: { Status: string; Pid: number };
    HostConfig: { Memory: number };
  }[];
  return all.map(({ Id, Name, State, HostConfig }) => ({
    id: Id,
    name: Name.slice(1),
    status: State.Status,
    memory: HostConfig.Memory / 2 ** 20,
    pid: State.Pid,
  }));
}

export async function must(world: CliWorld, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await world.sampan(...args);
  if (status !== 0) throw new Error(`sampan ${args.join(' ')}: ${status}: ${stderr}${stdout}`);
  return stdout;
}

/** What somebody saw and what is known, compared; what was learned by it is kept. */
export function compare(known: Known[], seen: readonly Seen[]): string[] {
  const wrong: string[] = [];
  for (const one of known) {
    const found = seen.find(({ id }) => id === one.id);
    if (found === undefined) {
      wrong.push(`container ${one.id.slice(0, 12)} is lost`);
      continue;
    }
    if (!one.names.has(found.name)) wrong.push(`${one.id.slice(0, 12)} is called ${found.name}`);
    if (!one.memory.has(found.memory)) wrong.push(`${found.name} may use ${found.memory} MiB`);
    one.names = new Set([found.name]);
    one.memory = new Set([found.memory]);
  }
  return wrong;
}
