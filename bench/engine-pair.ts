/** Ours and podman, each with a store of its own. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { podman, type Podman } from './podman.ts';

export interface EnginePlace {
  /** On the scratch disk. */
  directory: string;
  /** On tmpfs, a short path: what engines keep in /run. */
  run: string;
  cgroupParent: string;
}

export const OURS = 'sampan';
export const PODMAN = 'podman (crun)';
export const quietly = (argv: readonly string[], env: Record<string, string> = {}): string => {
  const [command = '', ...args] = argv;
  return execFileSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
};

export interface Engines {
  sampan: (...args: string[]) => string[];
  peer: Podman;
  /** Where ours keeps its containers, and its launcher. */
  root: string;
  runRoot: string;
}

/** Both engines with stores of their own in this place; `name` tells fresh stores apart. */
export function engines({ directory, run, cgroupParent }: EnginePlace, name: string): Engines {
  const [root, runRoot] = [join(directory, `sampan-${name}`), join(run, `s${name}`)];
  const sampan = (...args: string[]): string[] => [SAMPAN, '--root', root, '--run-root', runRoot, ...args];
  return {
    sampan,
    peer: podman(join(directory, `podman-${name}`), join(run, `p${name}`), cgroupParent),
    root,
    runRoot,
  };
}

/** The same with the image in both. */
export function enginesWith(image: string, place: EnginePlace, name: string): Engines {
  const both = engines(place, name);
  quietly(both.sampan('pull', '-q', image));
  quietly(both.peer.pull(image), both.peer.env);
  return both;
}

/** Id of the first process, of what `inspect` says of one container. */
export const processOf = (inspected: string): number =>
  (JSON.parse(inspected) as { State: { Pid: number } }[])[0]?.State.Pid ?? 0;
