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

const sampan = (root: string, ...args: string[]): string[] => [SAMPAN, '--root', root, ...args];

/** `run --rm --network none IMAGE true`, the image pulled before. */
export function runAndRemove(image: string, { directory, cgroupParent }: EnginePlace): Section {
  const root = join(directory, 'sampan');
  const peer = podman(join(directory, 'podman'), cgroupParent);
  quietly(sampan(root, 'pull', '-q', image));
  quietly(peer.pull(image), peer.env);
  const contenders = [
    { name: OURS, argv: () => sampan(root, 'run', '--rm', '--network', 'none', image, 'true') },
    { name: PODMAN, argv: () => peer.runTrue(image), env: peer.env },
  ];
  return {
    title: '`run --rm --network none IMAGE true`',
    about: 'A busybox image, already pulled; stores on a journalled ext4 of their own.',
    samples: interleave(contenders, { count: 40, warmUp: 2, idle: 0, scratch: directory }),
    goals: [{ against: PODMAN, factor: 0.25 }],
  };
}

/** Pull into runnable state, a fresh store each time. */
export function pull(image: string, { directory, cgroupParent }: EnginePlace): Section {
  const root = (round: number): string => join(directory, `pull-sampan-${round}`);
  const peer = (round: number) => podman(join(directory, `pull-podman-${round}`), cgroupParent);
  const sync = () => void execFileSync('sync');
  const contenders = [
    { name: `${OURS} pull`, argv: (round: number) => sampan(root(round), 'pull', '-q', image), before: sync },
    { name: 'podman pull', argv: (round: number) => peer(round).pull(image), env: peer(0).env, before: sync },
  ];
  return {
    title: 'Pull of the Debian image',
    about:
      'Debian 12 minbase with a web server, one layer (67 MB packed), from a registry on loopback into an empty store on a journalled ext4, ready to run.',
    samples: interleave(contenders, { count: 7, warmUp: 1, idle: 0, scratch: directory }),
    goals: [{ against: 'podman pull', factor: 1 }],
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
export function supervisorMemory(image: string, { directory, cgroupParent }: EnginePlace): Section {
  const root = join(directory, 'sampan');
  const peer = podman(join(directory, 'podman'), cgroupParent);
  const idle = ['sleep', '1000'];
  const ours = NAMES.map((name) => {
    quietly(sampan(root, 'run', '-d', '--network', 'none', '--name', name, image, ...idle));
    return parent(processOf(quietly(sampan(root, 'inspect', name))));
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
      goals: [{ against: 'conmon', factor: 0.5 }],
      unit: 'KB',
    };
  } finally {
    quietly(sampan(root, 'rm', '-f', ...NAMES));
    quietly(peer.command('rm', '-f', '-t', '0', ...NAMES), peer.env);
  }
}
