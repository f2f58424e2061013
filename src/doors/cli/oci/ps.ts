import { closeSync, existsSync, mkdirSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { readAll, scratchFile } from '#kernel/scratch.ts';
import { spawnProgram } from '#kernel/spawn.ts';
import { containerProcesses } from '#runtime/verbs/processes.ts';
import { usage } from '#doors/cli/flags.ts';
import type { OciVerb } from './command.ts';
import type { World } from './world.ts';

export const verb: OciVerb = {
  flags: { format: { kind: 'text', short: 'f', does: 'table or json' } },
  usage: '<container-id> [ps options]',
  stop: true,
  act: async ({ flags, rest, runtime, world }) => {
    const [id, ...options] = rest;
    if (id === undefined) throw usage('a container id is needed');
    const format = flags.text('format') ?? 'table';
    if (format !== 'table' && format !== 'json') throw usage('invalid format option');
    const pids = containerProcesses(runtime, id);
    if (format === 'json') world.stdout.write(`${JSON.stringify(pids)}\n`);
    else world.stdout.write(rowsOf(await psOutput(options.length === 0 ? ['-ef'] : options, world), pids));
    return 0;
  },
};

/** The head and those rows of ps that are about these processes. */
export function rowsOf(output: string, pids: readonly number[]): string {
  const [head = '', ...rows] = output.split('\n');
  const column = head.trim().split(/\s+/).indexOf('PID');
  if (column < 0) throw usage("couldn't find PID field in ps output");
  const wanted = new Set(pids.map(String));
  const ours = rows.filter((row) => wanted.has(row.trim().split(/\s+/)[column] ?? ''));
  return [head, ...ours].map((row) => `${row}\n`).join('');
}

async function psOutput(options: readonly string[], world: World): Promise<string> {
  mkdirSync(world.runDirectory, { recursive: true, mode: 0o700 });
  const out = scratchFile(world.runDirectory, undefined);
  try {
    const { code } = await spawnPs(options, out, world).ended;
    if (code !== 0) throw new Fault('internal', `ps ${options.join(' ')}: exit status ${code}`);
    return readAll(out).toString();
  } finally {
    closeSync(out);
  }
}

function spawnPs(options: readonly string[], out: number, { env }: World): ReturnType<typeof spawnProgram> {
  const path = env['PATH'] ?? '/usr/bin:/bin';
  const program = path
    .split(':')
    .map((directory) => `${directory}/ps`)
    .find((file) => existsSync(file));
  if (program === undefined) {
    throw new Fault('notFound', 'ps: the program is not installed', { hint: 'Use --format json.' });
  }
  return spawnProgram({ command: [program, ...options], stdio: ['ignore', out, 'inherit'], env: { PATH: path } });
}
