/**
 * Private instances of other people's engines with ours as their runtime. Only inside of tools/alone.sh: there /run is a
 * file system of this run's own, which holds all their state, and every process of theirs ends with the first.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyboxImage } from '#tools/image/busybox.ts';
import { writeLayout } from '#tools/image/layout.ts';
import { TREE } from '#tools/places.ts';
import { rememberGroups } from './groups.ts';

export const OURS = join(TREE, 'dist/sampan-oci');
export const PLACE = '/run/alone';
export const IMAGE = 'docker.io/library/busybox:latest';
export const PAUSE = 'docker.io/library/pause:latest';

/** For every test file, at its end. */
export const forgetGroups = existsSync(PLACE) ? rememberGroups() : () => {};

/** Why no engine can be tried in this process; undefined inside of tools/alone.sh. */
export const outside = existsSync(PLACE) ? undefined : 'not inside of tools/alone.sh';

/** Why an engine cannot be tried here: a program that is not installed. */
export function missing(...programs: string[]): string | undefined {
  if (outside !== undefined) return outside;
  const none = programs.find((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  return none === undefined ? undefined : `${none} is not installed (tools/install-packages.sh engines)`;
}

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface Words {
  env?: Record<string, string>;
  input?: string;
}

/** Runs a command to its end; output goes to files, as what it leaves in the background would keep a pipe open. */
export function run(argv: readonly string[], { env = {}, input }: Words = {}): Outcome {
  const [command = '', ...args] = argv;
  const files = ['out', 'err'].map((name) => join(PLACE, `${process.pid}.${name}`));
  const [out = 1, err = 2] = files.map((file) => openSync(file, 'w'));
  const { status } = spawnSync(command, args, {
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', out, err],
    timeout: 60_000,
    ...(input === undefined ? {} : { input }),
  });
  closeSync(out);
  closeSync(err);
  const [stdout = '', stderr = ''] = files.map((file) => readFileSync(file, 'utf8'));
  return { status, stdout, stderr };
}

/** The same on a terminal (util-linux `script`); carriage returns are taken out of what it shows. */
export function runOnTerminal(argv: readonly string[], words: Words = {}): Outcome {
  const line = argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const done = run(['script', '--quiet', '--return', '--command', line, '/dev/null'], words);
  return { ...done, stdout: done.stdout.replaceAll('\r', '') };
}

/** An archive of an OCI image layout with a busybox image of that name. */
export function imageArchive(name: string, command: readonly string[]): string {
  const layout = join(PLACE, name.replaceAll(/[^a-z]/g, '-'));
  writeLayout(layout, busyboxImage({ Cmd: [...command] }), name);
  run(['tar', '-C', layout, '-cf', `${layout}.tar`, '.']);
  return `${layout}.tar`;
}

export async function until(what: () => boolean | Promise<boolean>, doing: string): Promise<void> {
  for (let round = 0; round < 200; round++) {
    if (await what()) return;
    await sleep(50);
  }
  throw new Error(`gave up waiting until ${doing}`);
}

export interface Daemon extends AsyncDisposable {
  readonly log: () => string;
}

/** Starts a daemon and waits until it answers; it ends with the scope, or with the namespace. */
export async function startDaemon(argv: readonly string[], answers: () => boolean): Promise<Daemon> {
  const [command = '', ...args] = argv;
  const logFile = join(PLACE, `${command}.log`);
  const sink = openSync(logFile, 'a');
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', sink, sink] });
  closeSync(sink);
  const ended = new Promise((resolve) => child.once('close', resolve));
  const log = (): string => readFileSync(logFile, 'utf8');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  };
  try {
    await until(() => {
      if (child.exitCode !== null) throw new Error(`${command} ended with status ${child.exitCode}`);
      return answers();
    }, `${command} answers`);
  } catch (error) {
    await stop();
    throw new Error(`${command} did not start: ${log().slice(-2000)}`, { cause: error });
  }
  return { log, [Symbol.asyncDispose]: stop };
}

/** A directory of this run for one engine. */
export function directoryOf(name: string): string {
  const path = join(PLACE, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A program that counts in its own time, ends with 7 on TERM, and has said something on both streams. */
export const STAYS = ['sh', '-c', 'echo out; echo err >&2; trap "exit 7" TERM; while :; do sleep 0.1; done'];
/** One that takes more memory than it may have. */
export const GLUTTON = ['tail', '-c', '200m', '/dev/zero'];
