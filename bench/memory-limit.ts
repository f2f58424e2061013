import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUNTIMES, writeBundle } from './low-level.ts';
import type { Section } from './report.ts';

const KB = 1024;
const HIGHEST_KB = 32 * KB;
const STEP_KB = 16;
/** A limit counts when so many runs in a row succeed. */
const RUNS = 3;

interface Config {
  linux: { resources: { memory?: { limit: number; swap: number } } };
}

function startsWithin(limit: number, bundle: string, argv: readonly string[]): boolean {
  const file = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Config;
  config.linux.resources.memory = { limit: limit * KB, swap: limit * KB };
  writeFileSync(file, JSON.stringify(config));
  const [command = '', ...args] = argv;
  for (let run = 0; run < RUNS; run += 1) {
    const id = `limit-${limit}-${run}`;
    const done = spawnSync(command, [...args, 'run', '--bundle', bundle, id], { stdio: 'ignore', timeout: 10_000 });
    spawnSync(command, [...args, 'delete', '--force', id], { stdio: 'ignore' });
    if (done.status !== 0) return false;
  }
  return true;
}

function lowest(starts: (limit: number) => boolean): number {
  let [low, high] = [0, HIGHEST_KB];
  while (high - low > STEP_KB) {
    const middle = (low + high) / 2;
    if (starts(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The lowest `linux.resources.memory.limit` under which the default bundle runs `true`. */
export function memoryLimit(directory: string, cgroupParent: string): Section {
  const samples = new Map(
    RUNTIMES.map(({ name, base }) => {
      const word = name.split(' ')[0] ?? name;
      const bundle = join(directory, 'limit', word, 'bundle');
      const root = join(directory, 'limit', word, 'state');
      writeBundle(bundle, `${cgroupParent}/limit-${word}`);
      mkdirSync(root, { recursive: true });
      return [word, [lowest((limit) => startsWithin(limit, bundle, base(root)))]] as const;
    }),
  );
  return {
    title: 'Memory limit under which a container still starts',
    about: `The lowest \`linux.resources.memory.limit\` (memory and swap) under which \`run\` of the default bundle ends with status 0 ${RUNS} times in a row; found to ${STEP_KB} KB.`,
    samples,
    goals: [{ against: 'crun', factor: 1 }],
    unit: 'KB',
  };
}
