import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import type { EnginePlace } from '#bench/engine-pair.ts';
import { podman } from '#bench/podman.ts';
import { startContainerd } from '#bench/sharing/containerd.ts';
import { startDockerd } from '#bench/sharing/docker.ts';

/** An engine whose command line all three share. */
export interface StreamEngine {
  name: string;
  command(...args: string[]): string[];
  /** Of `run`, before its own. */
  runFlags: readonly string[];
  /** Of `run` for a log without a bound. */
  logFlags: readonly string[];
  /** Of ours: how it logs. */
  logs?: 'lines' | 'json';
  pull(image: string): string[];
  env?: Record<string, string>;
  /** Its client may go at the end of its input, before the output's. */
  leavesWithInput?: true;
  /** Something comes out of `attach` after the container's last byte. */
  saysMore?: true;
}

export interface StreamEngines extends AsyncDisposable {
  engines: readonly StreamEngine[];
}

/** Ours first; docker is the one that needs daemons. */
export async function streamEngines({ directory, run, cgroupParent }: EnginePlace): Promise<StreamEngines> {
  for (const path of [directory, run]) mkdirSync(path, { recursive: true });
  const peer = podman(join(directory, 'podman'), join(run, 'p'), cgroupParent);
  const containerd = await startContainerd(join(directory, 'containerd'), join(run, 'c'));
  const docker = await startDockerd(join(directory, 'docker'), join(run, 'd'), containerd.socket);
  const runFlags = ['--network', 'none'];
  const engines: StreamEngine[] = [
    { ...ours('sampan', directory, run), runFlags, logFlags: ['--log-opt', 'max-size=-1'], logs: 'lines' },
    {
      ...ours('sampan (json-file)', directory, run),
      runFlags,
      logFlags: ['--log-driver', 'json-file', '--log-opt', 'max-size=-1'],
      logs: 'json',
    },
    {
      name: 'podman',
      command: peer.command,
      runFlags: peer.runFlags,
      logFlags: [],
      pull: peer.pull,
      env: peer.env,
      saysMore: true,
    },
    { name: 'docker', command: docker.command, runFlags, logFlags: [], pull: docker.store.pull, leavesWithInput: true },
  ];
  return {
    engines,
    [Symbol.asyncDispose]: async () => {
      await docker.stop();
      await containerd.stop();
    },
  };
}

function ours(name: string, directory: string, run: string) {
  const word = name.includes('json') ? 'json' : 'lines';
  const base = [SAMPAN, '--root', join(directory, `sampan-${word}`), '--run-root', join(run, word)];
  const command = (...args: string[]): string[] => [...base, ...args];
  return { name, command, pull: (image: string) => command('pull', '-q', image) };
}
