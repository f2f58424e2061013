import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { SAMPAN } from '#tools/places.ts';
import { type Contender, interleave } from './interleave.ts';
import { peakMemory } from './peak.ts';
import type { Section } from './report.ts';

export interface Runtime {
  name: string;
  /** The command up to its verb; `root` is a directory for its state. */
  base: (root: string) => string[];
}

const OURS: Runtime = { name: 'sampan oci run', base: (root) => [SAMPAN, 'oci', '--root', root] };
export const RUNTIMES: readonly Runtime[] = [
  OURS,
  { name: 'crun run', base: (root) => ['crun', '--root', root] },
  { name: 'runc run', base: (root) => ['runc', '--root', root] },
];

const GOALS = [
  { against: 'crun run', factor: 1.15 },
  { against: 'runc run', factor: 0.5 },
];

interface Config {
  process: { terminal: boolean; args: string[] };
  linux: { cgroupsPath?: string };
}

/** runc's default bundle with busybox as its root, running `true` without a terminal. */
export function writeBundle(directory: string, cgroupsPath: string, args: readonly string[] = ['true']): void {
  mkdirSync(join(directory, 'rootfs'), { recursive: true });
  writeBusyboxTree(join(directory, 'rootfs'));
  execFileSync('runc', ['spec'], { cwd: directory });
  const file = join(directory, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Config;
  config.process.terminal = false;
  config.process.args = [...args];
  config.linux.cgroupsPath = cgroupsPath;
  writeFileSync(file, JSON.stringify(config));
}

function contender({ name, base }: Runtime, directory: string, cgroupParent: string): Contender {
  const word = name.split(' ')[0] ?? name;
  const bundle = join(directory, word, 'bundle');
  const root = join(directory, word, 'state');
  writeBundle(bundle, `${cgroupParent}/${word}`);
  mkdirSync(root, { recursive: true });
  return { name, argv: (round) => [...base(root), 'run', '--bundle', bundle, `bench-${round}`] };
}

/** `run` of the default bundle, back to back and after a quarter of a second of quiet. */
export function lowLevel(directory: string, cgroupParent: string): Section[] {
  const contenders = RUNTIMES.map((runtime) => contender(runtime, directory, cgroupParent));
  const [ours] = contenders;
  const compiled = contender({ ...OURS, name: 'sampan oci run, compiled' }, join(directory, 'compiled'), cgroupParent);
  compileBundle(join(directory, 'compiled', 'sampan', 'bundle'));
  const about = 'The default bundle of `runc spec`, busybox `true`, no terminal, state on tmpfs.';
  return [
    {
      title: '`oci run` of the default bundle, back to back',
      about: `${about} One after the other without a pause.`,
      samples: interleave(contenders, { count: 60, warmUp: 3, idle: 0, scratch: directory }),
      goals: GOALS,
    },
    {
      title: '`oci run` of the default bundle, after a pause',
      about: `${about} A quarter of a second of quiet before each run: on cgroup v1 the first move of a process into a cgroup then waits for a grace period of the kernel.`,
      samples: interleave(contenders, { count: 30, warmUp: 2, idle: 250, scratch: directory }),
      goals: GOALS,
    },
    {
      title: '`oci run` of a compiled bundle',
      about: `${about} Ours after \`sampan oci compile\`: the stored plan is executed, and no TypeScript runs.`,
      samples: interleave([compiled, ...contenders.filter((one) => one !== ours)], {
        count: 60,
        warmUp: 3,
        idle: 0,
        scratch: directory,
      }),
      goals: [{ against: 'crun run', factor: 0.5 }],
    },
    peakMemory([compiled, ...contenders], directory),
  ];
}

function compileBundle(bundle: string): void {
  execFileSync(SAMPAN, ['oci', 'compile', '--bundle', bundle]);
}
