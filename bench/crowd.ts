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

async function measure(
  image: string,
  place: EnginePlace,
  word: string,
  start: (side: Side, all: readonly string[]) => Promise<void>,
): Promise<Section['samples']> {
  const both = enginesWith(image, place, word);
  const samples = new Map<string, number[]>();
  for (const side of sides(image, both)) {
    const all = names(word);
    // What is done for the first container of an image, and by nothing else.
    await one(side, 'first');
    const begun = performance.now();
    await start(side, all);
    samples.set(side.name, [performance.now() - begun]);
    side.clear([...all, 'first']);
  }
  return samples;
}

const goals = [{ against: PODMAN, factor: 0.25 }];

export async function oneAfterAnother(image: string, place: EnginePlace): Promise<Section> {
  const samples = await measure(image, place, 'line', async (side, all) => {
    for (const name of all) await one(side, name);
  });
  return {
    title: `\`run -d\` of ${COUNT} containers, one after another`,
    about: 'All of them stay; the time is that of the whole, and none may fail.',
    samples,
    goals,
  };
}

export async function atOnce(image: string, place: EnginePlace): Promise<Section> {
  const samples = await measure(image, place, 'crowd', async (side, all) => {
    await Promise.all(all.map((name) => one(side, name)));
  });
  return {
    title: `\`run -d\` of ${COUNT} containers, all at once`,
    about: 'As many processes as containers, on one root. The time is that of the whole, and none may fail.',
    samples,
    goals,
  };
}
