import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { interleave } from './interleave.ts';
import { podman } from './podman.ts';
import type { Section } from './report.ts';

export interface EnginePlace {
  /** On the scratch disk. */
  directory: string;
  /** On tmpfs, a short path: what engines keep in /run. */
  run: string;
  cgroupParent: string;
}

const OURS = 'sampan';
const PODMAN = 'podman (crun)';
const quietly = (argv: readonly string[], env: Record<string, string> = {}): string => {
  const [command = '', ...args] = argv;
  return execFileSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
};

/** Both engines with stores of their own in this place; `name` tells fresh stores apart. */
function engines({ directory, run, cgroupParent }: EnginePlace, name: string) {
  const own = [SAMPAN, '--root', join(directory, `sampan-${name}`), '--run-root', join(run, `s${name}`)];
  const sampan = (...args: string[]): string[] => [...own, ...args];
  return { sampan, peer: podman(join(directory, `podman-${name}`), join(run, `p${name}`), cgroupParent) };
}

/** `run --rm --network none IMAGE true`, the image pulled before. */
export function runAndRemove(image: string, place: EnginePlace): Section {
  const { sampan, peer } = engines(place, 'run');
  quietly(sampan('pull', '-q', image));
  quietly(peer.pull(image), peer.env);
  const contenders = [
    { name: OURS, argv: () => sampan('run', '--rm', '--network', 'none', image, 'true') },
    { name: PODMAN, argv: () => peer.runTrue(image), env: peer.env },
  ];
  return {
    title: '`run --rm --network none IMAGE true`',
    about: 'A busybox image, already pulled; stores on a journalled ext4 of their own.',
    samples: interleave(contenders, { count: 40, warmUp: 2, idle: 0, scratch: place.directory }),
    goals: [{ against: PODMAN, factor: 0.25 }],
  };
}

/** Proportional set size of a process in KB. */
const pss = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
const parent = (pid: number): number =>
  Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
const processOf = (inspected: string): number =>
  (JSON.parse(inspected) as { State: { Pid: number } }[])[0]?.State.Pid ?? 0;

const NAMES = Array.from({ length: 10 }, (_, at) => `idle-${at}`);

/** Memory of what supervises an idle container with logs: the parent of its first process. */
export function supervisorMemory(image: string, place: EnginePlace): Section {
  const { sampan, peer } = engines(place, 'idle');
  quietly(sampan('pull', '-q', image));
  quietly(peer.pull(image), peer.env);
  const idle = ['sleep', '86400'];
  const ours = NAMES.map((name) => {
    quietly(sampan('run', '-d', '--network', 'none', '--name', name, image, ...idle));
    return parent(processOf(quietly(sampan('inspect', name))));
  });
  const theirs = NAMES.map((name) => {
    quietly(peer.runDetached(name, image, ...idle), peer.env);
    return parent(processOf(quietly(peer.command('inspect', name), peer.env)));
  });
  try {
    return {
      title: 'Memory of the supervisor of an idle container',
      about:
        "Pss of the process above the container's first one (our monitor, conmon), ten containers each, all running.",
      samples: new Map([
        ['sampan monitor', ours.map(pss)],
        ['conmon', theirs.map(pss)],
      ]),
      goals: [{ atMost: 150 }],
      unit: 'KB',
    };
  } finally {
    quietly(sampan('rm', '-f', ...NAMES));
    quietly(peer.command('rm', '-f', '-t', '0', ...NAMES), peer.env);
  }
}
