/**
 * Processes of our own that may outlive a broken run: each is written down, with its start time and its owner's, so
 * that a later run ends what a dead owner left behind and never touches anything else.
 */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isAlive } from '#base/process-identity.ts';
import { workDirectory } from '#tools/places.ts';

interface Note {
  process: string;
  owner: string;
  command: string;
  directory?: string;
}

export interface OwnedProcess {
  readonly child: ChildProcess;
  /** The exit status, or 128 and the signal's number. */
  readonly ended: Promise<number>;
  /** Ends the process group: TERM, then KILL after two seconds. */
  stop(): Promise<void>;
}

export interface OwnedOptions {
  stdio?: StdioOptions;
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** A directory of this process's own, removed with what a broken run left; a run that ends well removes it itself. */
  directory?: string;
}

const SIGNAL_NUMBERS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone, which is what was wanted.
  }
}

/** Starts a process as the leader of a session of its own. */
export function startOwned(command: string, args: readonly string[], options: OwnedOptions = {}): OwnedProcess {
  const child = spawn(command, args, {
    detached: true,
    stdio: options.stdio ?? 'ignore',
    cwd: options.cwd,
    env: options.env,
  });
  const pid = child.pid;
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0)));
  });
  if (pid === undefined) return { child, ended, stop: async () => {} };
  const note = join(workDirectory('running'), `${pid}.json`);
  const process_ = identify(pid);
  const owner = identify(process.pid);
  if (process_ !== undefined && owner !== undefined) {
    const more = options.directory === undefined ? {} : { directory: options.directory };
    writeFileSync(note, JSON.stringify({ process: process_, owner, command, ...more } satisfies Note));
  }
  const forget = () => rmSync(note, { force: true });
  ended.then(forget, forget);
  const stop = async () => {
    signalGroup(pid, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), 2000);
    await ended.catch(() => undefined);
    clearTimeout(timer);
    signalGroup(pid, 'SIGKILL');
  };
  return { child, ended, stop };
}

/** Ends what earlier runs left running when they died. Returns the commands ended. */
export function endLeftovers(): string[] {
  const directory = workDirectory('running');
  const ended: string[] = [];
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    let note: Note;
    try {
      note = JSON.parse(readFileSync(path, 'utf8')) as Note;
    } catch {
      continue;
    }
    if (isAlive(note.owner)) continue;
    if (isAlive(note.process)) {
      signalGroup(Number(note.process.split(':')[0]), 'SIGKILL');
      ended.push(note.command);
    }
    if (note.directory !== undefined) rmSync(note.directory, { recursive: true, force: true });
    rmSync(path, { force: true });
  }
  return ended;
}
