import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { EnginePlace } from '#bench/engine-pair.ts';
import { type Contender, interleave } from '#bench/interleave.ts';
import type { Section } from '#bench/report.ts';
import { median } from '#bench/statistics.ts';
import { type StreamEngine, streamEngines } from './engines.ts';

/** Fewer where time is short: docker takes minutes for these. */
const BYTES = process.env['STREAM_BYTES'] ?? '1000000000';
const SIZE = `${Number(BYTES) / 1e9} GB`;
const LINE = '100';
const ROUNDS = { count: 3, warmUp: 0, idle: 0 };
const PEER_ROUNDS = 2;
const NAME = 'flood';

interface Kind {
  title: string;
  about: string;
  /** Options of `run`. */
  options: readonly string[];
  /** What runs in the container. */
  program: readonly string[];
  /** Arguments of the engine whose output is read. */
  read: readonly string[];
  /** The container is made once, and has ended, before the first read. */
  once?: true;
}

const WRITE = ['/flood', 'write', BYTES, LINE];

const KINDS: readonly Kind[] = [
  {
    title: `\`logs\` of ${SIZE}`,
    about:
      "Lines of 100 bytes that a container wrote before, through a pipe to a program that compares every byte. Logs without a bound; podman's in its k8s-file, docker's in its json-file, ours in both.",
    options: [],
    program: WRITE,
    read: ['logs', NAME],
    once: true,
  },
  {
    title: `\`attach\`: ${SIZE}`,
    about: 'A container that writes when it is typed at, logging as it does by default; the same bytes, compared.',
    options: ['-i'],
    program: ['sh', '-c', `read line; exec ${WRITE.join(' ')}`],
    read: ['attach', NAME],
  },
  {
    title: `\`exec\`: ${SIZE}`,
    about: 'A program in a running container writes the same bytes; compared.',
    options: [],
    program: ['sleep', '86400'],
    read: ['exec', NAME, ...WRITE],
  },
];

/** How fast a container's output comes to whom it is for. */
export async function streams(image: string, place: EnginePlace): Promise<Section[]> {
  await using world = await streamEngines(place);
  const flood = join(place.directory, 'flood');
  execFileSync('gcc', ['-O2', '-static', '-o', flood, join(import.meta.dirname, 'flood.c')]);
  for (const engine of world.engines) quietly(engine, engine.pull(image));
  return KINDS.map((kind) => measure(world.engines, kind, flood, { image, scratch: place.directory }));
}

function measure(
  all: readonly StreamEngine[],
  kind: Kind,
  flood: string,
  { image, scratch }: { image: string; scratch: string },
): Section {
  // Only a log that was written before differs between ours.
  const engines = all.filter(({ logs }) => kind.once === true || logs !== 'json');
  const make = (engine: StreamEngine): void => {
    const { command, runFlags, logFlags } = engine;
    const options = [...runFlags, ...(kind.once === true ? logFlags : []), ...kind.options];
    quietly(
      engine,
      command('run', ...options, '-d', '--name', NAME, '-v', `${flood}:/flood:ro`, image, ...kind.program),
    );
    if (kind.once === true) quietly(engine, command('wait', NAME));
  };
  const drop = (engine: StreamEngine): void => quietly(engine, engine.command('rm', '-f', NAME));
  const check = `${flood} check ${BYTES} ${LINE}`;
  const input = join(scratch, 'input');
  const hold = `rm -f ${input}; mkfifo ${input}; exec 9<> ${input}; echo go >&9`;
  const reading = ({ leavesWithInput, saysMore }: StreamEngine): string => {
    const judge = saysMore === true ? `head -c ${BYTES} | ${check}` : check;
    return leavesWithInput === true ? `${hold}; "$@" <&9 | ${judge}` : `echo go | "$@" | ${judge}`;
  };
  if (kind.once === true) engines.forEach(make);
  const contenders = engines.map((engine): Contender => ({
    name: engine.name,
    ...(engine.env === undefined ? {} : { env: engine.env }),
    ...(engine.logs === undefined ? { most: PEER_ROUNDS } : {}),
    argv: () => ['sh', '-c', reading(engine), 'sh', ...engine.command(...kind.read)],
    ...(kind.once === true ? {} : { before: () => make(engine), after: () => drop(engine) }),
  }));
  const samples = interleave(contenders, { ...ROUNDS, scratch });
  if (kind.once === true) engines.forEach(drop);
  return { title: kind.title, about: kind.about, samples, goals: [{ against: bestPeer(samples), factor: 0.5 }] };
}

const bestPeer = (samples: Section['samples']): string =>
  median(samples.get('podman') ?? []) < median(samples.get('docker') ?? []) ? 'podman' : 'docker';

function quietly({ env }: StreamEngine, [program = '', ...args]: string[]): void {
  execFileSync(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
}
