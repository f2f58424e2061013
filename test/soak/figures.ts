/** What a soak counts of the root and of the machine. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CliWorld } from '#test/cli/world.ts';

/** By name, in the units that the name says. */
export type Figures = Readonly<Record<string, number>>;

const KB = 1024;
/** After this a monitor has given back what it needs only while there is work. */
const REST_MS = 300;
const text = (path: string): string => (existsSync(path) ? readFileSync(path, 'latin1') : '');
const number = (pattern: RegExp, content: string): number => Number(pattern.exec(content)?.[1] ?? 0);
const size = (path: string): number => (existsSync(path) ? statSync(path).size / KB : 0);

/** Everything below a directory: entries and blocks. */
function tree(path: string): { entries: number; kilobytes: number } {
  const { stdout } = spawnSync('du', ['-k', '--inodes', '-s', path], { encoding: 'utf8' });
  const blocks = spawnSync('du', ['-k', '-s', path], { encoding: 'utf8' }).stdout;
  return { entries: Number.parseInt(stdout, 10), kilobytes: Number.parseInt(blocks, 10) };
}

function events(root: string): number {
  const database = new DatabaseSync(join(root, 'sampan.db'), { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS count FROM event').get()?.['count']);
  } finally {
    database.close();
  }
}

/** Milliseconds of one command that looks at everything. */
async function listing(world: CliWorld): Promise<number> {
  const begun = performance.now();
  await world.sampan('ps', '-a');
  return performance.now() - begun;
}

/** Proportional memory of the monitor of a container that does nothing. */
async function monitor(world: CliWorld): Promise<number> {
  const id = (await world.sampan('run', '-d', '--network', 'none', world.image, 'sleep', '1000')).stdout.trim();
  await sleep(REST_MS);
  const pid = Number.parseInt(text(join(world.root, 'containers', id, 'lock')), 10);
  const memory = number(/^Pss:\s+(\d+) kB$/m, text(`/proc/${pid}/smaps_rollup`));
  await world.sampan('rm', '-f', id);
  return memory;
}

export async function figuresOf(world: CliWorld, cycle: number): Promise<Figures> {
  const { root } = world;
  const [took, supervisor] = [await listing(world), await monitor(world)];
  const [memory, store] = [text('/proc/meminfo'), tree(root)];
  return {
    'time of a life, ms': cycle,
    'time of `ps -a`, ms': took,
    'memory of a monitor (Pss), KB': supervisor,
    'database, KB': size(join(root, 'sampan.db')),
    'its log (WAL), KB': size(join(root, 'sampan.db-wal')),
    'events kept': events(root),
    'the whole root, KB': store.kilobytes,
    'files and directories in it': store.entries,
    'in the run directory': readdirSync(join(root, 'run')).length,
    'descriptors of the soak': readdirSync('/proc/self/fd').length,
    'processes in its namespace': readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
    'mounts in its namespace': text('/proc/self/mountinfo').trimEnd().split('\n').length,
    // Of the whole machine, which others use meanwhile.
    'memory groups, the dying ones among them': number(/^memory\t\d+\t(\d+)/m, text('/proc/cgroups')),
    'kernel: unreclaimable slab, KB': number(/^SUnreclaim:\s+(\d+)/m, memory),
    'kernel: network namespaces': number(/^net_namespace\s+(\d+)/m, text('/proc/slabinfo')),
    'kernel: open files': Number.parseInt(text('/proc/sys/fs/file-nr'), 10),
  };
}

const cell = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(value < 100 ? 1 : 0));

/** Start, middle and end as Markdown. */
export function table(seen: readonly Figures[]): string {
  const chosen = [seen[0], seen[Math.floor(seen.length / 2)], seen.at(-1)];
  const rows = Object.keys(seen[0] ?? {}).map((name) => [name, ...chosen.map((one) => cell(one?.[name]))]);
  const head = ['', 'after a tenth', 'after six tenths', 'at the end'];
  return [head, ['---', '---:', '---:', '---:'], ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
