/** Many containers are started, one after another or all at once. */
import { enginesWith, OURS, PODMAN, quietly, type EnginePlace, type Engines } from './engine-pair.ts';
import type { Section } from './report.ts';

const COUNT = Number(process.env['SAMPAN_BENCH_CROWD'] ?? 200);
const names = (prefix: string): string[] => Array.from({ length: COUNT }, (_, at) => `${prefix}-${at}`);
const IDLE = ['sleep', '86400'];

interface Side {
  name: string;
  run: (name: string) => string[];
  env: Record<string, string>;
  clear: (all: readonly string[]) => void;
}

function sides(image: string, { sampan, peer }: Engines): Side[] {
  const run = (name: string): string[] => sampan('run', '-d', '--network', 'none', '--name', name, image, ...IDLE);
  return [
    { name: OURS, run, env: {}, clear: (all) => void quietly(sampan('rm', '-f', ...all)) },
    {
      name: PODMAN,
      run: (name) => peer.runDetached(name, image, ...IDLE),
      env: peer.env,
      clear: (all) => void quietly(peer.command('rm', '-f', '-t', '0', ...all), peer.env),
    },
  ];
}

/** One of them; throws when it fails. */
async function one({ name, run, env }: Side, container: string): Promise<void> {
  const child = Bun.spawn(run(container), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  const [status, errors] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  if (status !== 0) throw new Error(`${name}: run of ${container}: status ${status}: ${errors}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** `measure` gives the milliseconds of each side. */
async function withBoth(
  image: string,
  place: EnginePlace,
  word: string,
  measure: (both: readonly Side[], all: readonly string[]) => Promise<number[]>,
): Promise<Section['samples']> {
  const both = sides(image, enginesWith(image, place, word));
  const all = names(word);
  // What is done for the first container of an image, and by nothing else.
  for (const side of both) await one(side, 'first');
  const took = await measure(both, all);
  for (const side of both) side.clear([...all, 'first']);
  return new Map(both.map(({ name }, at) => [name, [took[at] ?? Number.NaN]]));
}

const goals = [{ against: PODMAN, factor: 0.25 }];

export async function oneAfterAnother(image: string, place: EnginePlace): Promise<Section> {
  const samples = await withBoth(image, place, 'line', async (both, all) => {
    const sums = both.map(() => 0);
    // In turns, so that a machine that changes its pace changes it for both.
    for (const name of all)
      for (const [at, side] of both.entries()) sums[at] = (sums[at] ?? 0) + (await timed(() => one(side, name)));
    return sums;
  });
  return {
    title: `\`run -d\` of ${COUNT} containers, one after another`,
    about: 'All of them stay, ours and those of podman in turns; the time is the sum of each, and none may fail.',
    samples,
    goals,
  };
}

export async function atOnce(image: string, place: EnginePlace): Promise<Section> {
  const samples = await withBoth(image, place, 'crowd', async (both, all) => {
    const took: number[] = [];
    for (const side of both) took.push(await timed(() => Promise.all(all.map((name) => one(side, name)))));
    return took;
  });
  return {
    title: `\`run -d\` of ${COUNT} containers, all at once`,
    about: 'As many processes as containers, on one root. The time is that of the whole, and none may fail.',
    samples,
    goals,
  };
}
