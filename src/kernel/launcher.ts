import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { openFileApplier, type FileApplier } from './file-applier.ts';
import { failureFault, type LaunchResult } from './failure.ts';
import { packOne, packTree, type PackedObject, type PackRequest } from './tree-packer.ts';
import { parseReport, type ReportRecord } from './report.ts';
import { readAll, scratchFile } from './scratch.ts';
import { spawnProgram, type Running, type Stdio } from './spawn.ts';

export type { LaunchResult } from './failure.ts';

export interface LaunchRequest {
  /** The encoded plan, or the path of a stored one. */
  plan: Uint8Array | { file: string };
  /** Standard input, output and error; `inherit` when left out. */
  stdio?: readonly [Stdio, Stdio, Stdio];
  /** Descriptors for the plan's inherited slots. They stay the caller's to close. */
  inherited?: readonly number[];
}

export interface Launch {
  pid: number;
  kill(signal: NodeJS.Signals | number): void;
  /** What has been reported so far. */
  records(): ReportRecord[];
  result: Promise<LaunchResult>;
}

/** What a layer leaves to those below it; paths are byte strings (latin1), relative to the tree. */
export type Implied =
  /** A directory that it does not list; `marks` has nothing in it but marks of deletions. */
  | { kind: 'parent' | 'marks'; path: string }
  /** A hard link to a file that is not its own. */
  | { kind: 'link'; path: string; target: string };

/** The one door to the kernel: runs the native launcher in each of its roles. */
export interface Launcher {
  /** Path of the launcher's executable. */
  readonly binary: string;
  launch(request: LaunchRequest): Launch;
  /**
   * Runs the monitor's start; the result is there when the monitor is ready or has failed. `sockets` go to the
   * container's program.
   */
  monitor(plan: Uint8Array, sockets?: readonly number[]): Promise<LaunchResult>;
  /** Opens a stream of file steps below a directory. */
  apply(targetDirectory: string): FileApplier;
  /** Lays a tree in overlay form over a plain tree. */
  merge(source: string, target: string): Promise<void>;
  /** Settles what a layer leaves to the layers below it, given top first; directories above come before what is in them. */
  imply(tree: string, layers: readonly string[], implied: readonly Implied[]): Promise<void>;
  /** A tree, or what it changes of another one, as a tar archive, a layer or a list. */
  pack(request: PackRequest): AsyncIterable<Uint8Array>;
  /** One object of a directory, and all below it, as a tar archive. */
  packOne(directory: string, object: PackedObject): AsyncIterable<Uint8Array>;
  /** Removes the tree `name` below the directory `parent`; a missing one is fine. */
  remove(parent: string, name: string): Promise<void>;
}

/** `scratch` is a private directory for the plans and reports of a moment. */
export function nativeLauncher(binary: string, scratch: string): Launcher {
  const run = (role: string, args: readonly Stdio[], rest: readonly string[], stdio: readonly Stdio[]): Launch =>
    start(binary, scratch, role, args, rest, stdio);
  const treeRole = async (
    role: string,
    doing: string,
    directories: readonly string[],
    rest: readonly string[],
    input: Stdio = 'ignore',
  ): Promise<void> => {
    const fds = directories.map((path) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
    try {
      const result = await run(role, fds, rest, [input, 'ignore', 'inherit']).result;
      if (result.code !== 0) throw failureFault(doing, result);
    } finally {
      for (const fd of fds) closeSync(fd);
    }
  };
  return {
    binary,
    launch: (request) => launch(run, scratch, request),
    monitor: (plan, sockets = []) =>
      withPlan(scratch, plan, (fd) => run('monitor', [fd, ...sockets], [], ['ignore', 'inherit', 'inherit'])).result,
    apply: (target) => openFileApplier(binary, target),
    merge: (source, target) => treeRole('merge', `merge ${source} into ${target}`, [source, target], []),
    imply: async (tree, layers, implied) => {
      const list = implied.map(impliedLine).join('');
      const input = scratchFile(scratch, Buffer.from(list, 'latin1'));
      try {
        await treeRole('imply', `complete ${tree}`, [tree], layers, input);
      } finally {
        closeSync(input);
      }
    },
    pack: (request) => packTree(binary, request),
    packOne: (directory, object) => packOne(binary, directory, object),
    remove: (parent, name) => treeRole('remove', `remove ${join(parent, name)}`, [parent], [name]),
  };
}

const impliedLine = (one: Implied): string =>
  one.kind === 'link' ? `l${one.target}\0${one.path}\0` : `${one.kind === 'marks' ? 'm' : 'c'}${one.path}\0`;

type Run = (role: string, args: readonly Stdio[], rest: readonly string[], stdio: readonly Stdio[]) => Launch;

function launch(run: Run, scratch: string, request: LaunchRequest): Launch {
  const stdio = request.stdio ?? (['inherit', 'inherit', 'inherit'] as const);
  return withPlan(scratch, request.plan, (fd) => run('launch', [fd, ...(request.inherited ?? [])], [], stdio));
}

function withPlan(scratch: string, plan: LaunchRequest['plan'], use: (fd: number) => Launch): Launch {
  const fd = plan instanceof Uint8Array ? scratchFile(scratch, plan) : openSync(plan.file, constants.O_RDONLY);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Starts a role. The report comes right after the first descriptor for `launch` and `monitor`, last otherwise; both
 * are given by number on the command line, in the order docs/plan.md shows.
 */
function start(
  binary: string,
  scratch: string,
  role: string,
  fds: readonly Stdio[],
  rest: readonly string[],
  stdio: readonly Stdio[],
): Launch {
  const report = scratchFile(scratch, undefined);
  const first = role === 'launch' || role === 'monitor' ? 1 : fds.length;
  const ordered = [...fds.slice(0, first), report, ...fds.slice(first)];
  const numbers = ordered.map((_, index) => String(3 + index));
  const args = [...numbers.slice(0, first), ...rest, ...numbers.slice(first)];
  let running: Running;
  try {
    running = spawnProgram({ command: [binary, role, ...args], stdio: [...stdio, ...ordered], env: {} });
  } catch (error) {
    closeSync(report);
    throw error;
  }
  const records = (): ReportRecord[] => parseReport(readAll(report));
  const result = running.ended.then(
    (ended) => {
      const all = records();
      closeSync(report);
      return { ...ended, records: all };
    },
    (error: unknown) => {
      closeSync(report);
      throw error;
    },
  );
  return { pid: running.pid, kill: running.kill, records, result };
}
