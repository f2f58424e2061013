import { execFileSync, spawnSync } from 'node:child_process';
import { type Contender, interleave } from '#bench/interleave.ts';
import { peakProgram } from '#bench/peak.ts';
import type { Section } from '#bench/report.ts';
import type { SharingEngine, Store } from './engine.ts';
import type { SharingWorld } from './world.ts';

/** An image of the registry that all pull from. */
export interface SharedImage {
  /** In full: `127.0.0.1:PORT/debian:12`. */
  name: string;
  what: string;
  rounds: number;
}

const WHERE = 'loopback registry, stores on a journalled ext4 of their own, empty ones for each run.';

function quietly(argv: readonly string[], env: Record<string, string> = {}): void {
  const [command = '', ...args] = argv;
  execFileSync(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Nothing is left to be written when the clock starts. */
const settle = (): void => void spawnSync('sync');

/** The images lie in the stores that are pushed and saved from. */
export function fillHomes({ engines }: SharingWorld, images: readonly SharedImage[]): void {
  for (const { home } of engines) for (const { name } of images) quietly(home.pull(name), home.env);
}

function measure(
  { engines, missing, directory }: SharingWorld,
  { rounds }: SharedImage,
  word: string,
  argv: (engine: SharingEngine) => string[],
  before: (engine: SharingEngine) => void,
): Pick<Section, 'samples'> & { without: string } {
  const contenders = engines.map((engine): Contender => ({
    name: `${engine.name} ${word}`,
    argv: () => argv(engine),
    ...(engine.packs === true && word !== 'pull' ? { most: 1 } : {}),
    env: { ...engine.home.env, ...engine.fresh.env },
    before: () => {
      before(engine);
      settle();
    },
    after: () => before(engine),
  }));
  return {
    samples: interleave(contenders, { count: rounds, warmUp: 0, idle: 0, scratch: directory }),
    without: missing.map((reason) => ` Without ${reason}.`).join(''),
  };
}

export function pullOf(world: SharingWorld, image: SharedImage): Section {
  const { samples, without } = measure(
    world,
    image,
    'pull',
    ({ fresh }) => fresh.pull(image.name),
    ({ fresh }) => fresh.empty(),
  );
  return {
    title: `Pull of ${image.what}`,
    about: `To the point where it can run; ${WHERE}${without}`,
    samples,
    goals: [{ ofBest: 0.7 }],
  };
}

export function pushOf(world: SharingWorld, image: SharedImage): Section {
  const target = `${world.target.host}/pushed:1`;
  const { samples, without } = measure(
    world,
    image,
    'push',
    ({ home }) => home.push(image.name, target),
    () => world.emptyTarget(),
  );
  return {
    title: `Push of ${image.what}`,
    about: `To an empty registry (Debian's docker-registry) on the same ext4.${without}`,
    samples,
    goals: [{ ofBest: 0.8 }],
  };
}

const PIPE = 'one=$1; shift; "${@:1:$one}" | "${@:$((one + 1))}"';

/** `save | load` as a shell does it; a failure of either is one. */
const piped = (save: readonly string[], load: readonly string[]): string[] => [
  'bash',
  '-o',
  'pipefail',
  '-c',
  PIPE,
  'bash',
  String(save.length),
  ...save,
  ...load,
];

export function saveLoadOf(world: SharingWorld, image: SharedImage): Section {
  const { samples, without } = measure(
    world,
    image,
    'save and load',
    ({ home, fresh }) => piped(home.save(image.name), fresh.load()),
    ({ fresh }) => fresh.empty(),
  );
  return {
    title: `\`save | load\` of ${image.what}`,
    about: `Through a pipe, from one store into another, to the point where it can run; ${WHERE}${without}`,
    samples,
    goals: [{ ofBest: 0.8 }],
  };
}

/** Most memory that a process of ours has resident. */
export function memoryOf(world: SharingWorld, image: SharedImage): Section {
  const peak = peakProgram(world.directory);
  const [ours] = world.engines;
  if (ours === undefined) throw new Error('ours is not among the engines');
  const { home, fresh } = ours;
  const quoted = (argv: readonly string[]): string => argv.map((word) => `'${word}'`).join(' ');
  const archive = `${world.directory}/archive.tar`;
  const steps: Record<string, (store: { home: Store; fresh: Store }) => string[]> = {
    pull: () => fresh.pull(image.name),
    push: () => home.push(image.name, `${world.target.host}/pushed:1`),
    save: () => ['sh', '-c', `exec ${quoted(home.save(image.name))} >${archive}`],
    load: () => ['sh', '-c', `exec ${quoted(fresh.load())} <${archive}`],
  };
  const samples = new Map<string, number[]>();
  for (const [step, argv] of Object.entries(steps)) {
    fresh.empty();
    world.emptyTarget();
    // The last line: what the command itself prints comes before it.
    const printed = execFileSync(peak, argv({ home, fresh }), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    samples.set(`sampan ${step}`, [Number(printed.trim().split('\n').at(-1))]);
  }
  return {
    title: `Peak memory of sharing ${image.what}`,
    about: 'The largest process of ours, resident, with the pages of the executable that it shares with others.',
    samples,
    unit: 'KB',
    goals: Object.keys(steps).map((step) => ({ atMost: 200_000, of: `sampan ${step}` })),
  };
}
