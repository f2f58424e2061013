/** Many containers that do nothing: what they cost, and how soon they are listed. */
import { readFileSync } from 'node:fs';
import { enginesWith, OURS, PODMAN, processOf, quietly, type EnginePlace, type Engines } from './engine-pair.ts';
import { interleave } from './interleave.ts';
import type { Section } from './report.ts';

const COUNT = Number(process.env['SAMPAN_BENCH_IDLE'] ?? 500);
const NAMES = Array.from({ length: COUNT }, (_, at) => `idle-${at}`);
const IDLE = ['sleep', '86400'];
/** So many of podman's run; the others are only made, which takes half the time and makes its list no slower. */
const THEIRS = 20;
/** Arguments of one command. */
const AT_A_TIME = 50;

const pss = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
const parent = (pid: number): number =>
  Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

function batches(): string[][] {
  return Array.from({ length: Math.ceil(COUNT / AT_A_TIME) }, (_, at) =>
    NAMES.slice(at * AT_A_TIME, (at + 1) * AT_A_TIME),
  );
}

function memory(ours: readonly number[], theirs: readonly number[]): Section {
  return {
    title: `Memory of the supervisors of ${COUNT} idle containers`,
    about: `Pss of the process above each container's first one, all running: our monitor; conmon of ${THEIRS}.`,
    samples: new Map([
      ['sampan monitor', ours.map(pss)],
      ['conmon', theirs.map(pss)],
    ]),
    goals: [{ atMost: 150 }],
    unit: 'KB',
  };
}

function listing({ sampan, peer }: Engines, scratch: string): Section {
  const contenders = [
    { name: OURS, argv: () => sampan('ps', '-a') },
    { name: PODMAN, argv: () => peer.command('ps', '-a'), env: peer.env },
  ];
  return {
    title: `\`ps -a\` with ${COUNT} containers`,
    about: `All of ours running, ${THEIRS} of podman's; the others of its are only made.`,
    samples: interleave(contenders, { count: 15, warmUp: 1, idle: 0, scratch }),
    goals: [{ atMost: 60 }, { against: PODMAN, factor: 0.25 }],
  };
}

export function idleCrowd(image: string, place: EnginePlace): Section[] {
  const both = enginesWith(image, place, 'idle');
  const { sampan, peer } = both;
  const supervisors = (names: readonly string[], inspect: (name: string) => string): number[] =>
    names.map((name) => parent(processOf(inspect(name))));
  for (const [at, name] of NAMES.entries()) {
    quietly(sampan('run', '-d', '--network', 'none', '--name', name, image, ...IDLE));
    quietly((at < THEIRS ? peer.runDetached : peer.createOne)(name, image, ...IDLE), peer.env);
  }
  try {
    const ours = supervisors(NAMES, (name) => quietly(sampan('inspect', name)));
    const theirs = supervisors(NAMES.slice(0, THEIRS), (name) => quietly(peer.command('inspect', name), peer.env));
    return [memory(ours, theirs), listing(both, place.directory)];
  } finally {
    for (const batch of batches()) {
      quietly(sampan('rm', '-f', ...batch));
      quietly(peer.command('rm', '-f', '-t', '0', ...batch), peer.env);
    }
  }
}
