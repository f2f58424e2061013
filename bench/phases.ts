import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TREE } from '#tools/places.ts';
import { writeBundle } from './low-level.ts';
import type { Section } from './report.ts';

const ROUNDS = 60;
const FRONT = join(TREE, 'dist/front-build/front-times');

/** Milliseconds of each part of one cold run, by the front's own clock (front/stamp.h). */
function partsOf(argv: readonly string[], file: string): [string, number][] {
  const begun = (performance.timeOrigin + performance.now()) * 1000;
  const { status } = spawnSync(FRONT, argv, { stdio: 'ignore', env: { ...process.env, SAMPAN_FRONT_TIMES: file } });
  if (status !== 0) throw new Error(`front-times: status ${status}`);
  let last = begun;
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const at = line.indexOf(' ');
    const time = Number(line.slice(0, at));
    const part: [string, number] = [line.slice(at + 1), (time - last) / 1000];
    last = time;
    return part;
  });
}

/** Where the milliseconds of a run go that nothing is stored for. */
export function phases(directory: string, cgroupParent: string): Section[] {
  execFileSync('make', ['-s', '-C', join(TREE, 'front'), 'times', 'PROGRAM='], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const bundle = join(directory, 'phases', 'bundle');
  writeBundle(bundle, `${cgroupParent}/phases`);
  const state = join(directory, 'phases', 'state');
  mkdirSync(state, { recursive: true });
  const samples = new Map<string, number[]>();
  for (let round = -3; round < ROUNDS; round++) {
    const argv = ['oci', '--root', state, 'run', '--bundle', bundle, `phases-${round + 3}`];
    for (const [part, took] of partsOf(argv, join(directory, 'times'))) {
      if (round >= 0) samples.set(part, [...(samples.get(part) ?? []), took]);
    }
  }
  const [typescript] = [...samples.keys()].filter((part) => part.includes('first statement'));
  return [
    {
      title: 'Where a cold run goes',
      about: 'The same bundle, cold, by the clock of a build of the front that writes down when its parts begin.',
      samples,
      kind: 'parts',
      goals: [{ atMost: 2, of: typescript ?? '' }],
    },
  ];
}
