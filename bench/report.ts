import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { median, quantile, ratio, type Samples } from './statistics.ts';

/** At most `factor` of the median of `against`, or of the best of all others, or at most so many units. */
export type Goal =
  | { against: string; factor: number }
  | { ofBest: number }
  | { atMost: number; of?: string }
  /** So many units more than another's. */
  | { atMost: number; over: string };

/** One comparison: contender to samples; the first is ours. */
export interface Section {
  title: string;
  /** What is measured and how, in a sentence or two. */
  about: string;
  samples: ReadonlyMap<string, Samples>;
  /** What ours must reach. */
  goals: readonly Goal[];
  unit?: 'ms' | 'KB';
  /** The rows are the parts of one thing, in their order, and not contenders. */
  kind?: 'parts';
}

const cell = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function bestOther(samples: Section['samples']): string {
  const [, ...others] = [...samples].map(([name, values]) => ({ name, at: median(values) }));
  return others.toSorted((a, b) => a.at - b.at)[0]?.name ?? '';
}

const outcome = (limit: string, reached: string, isReached: boolean): string =>
  `Goal: at most ${limit}: **${reached}**, ${isReached ? 'reached' : 'missed'}.`;

function verdict(goal: Goal, samples: Section['samples'], own: Samples, unit: string): string {
  if ('over' in goal) {
    const more = median(own) - median(samples.get(goal.over) ?? []);
    return outcome(`${goal.atMost} ${unit} more than ${goal.over}`, cell(more), more <= goal.atMost);
  }
  if ('ofBest' in goal) return verdict({ against: bestOther(samples), factor: goal.ofBest }, samples, own, unit);
  const relative = 'against' in goal;
  const one = relative || goal.of === undefined ? own : (samples.get(goal.of) ?? []);
  const reached = relative ? ratio(own, samples.get(goal.against) ?? []) : median(one);
  const limit = relative ? goal.factor : goal.atMost;
  const asked = relative
    ? `${goal.factor} × ${goal.against}`
    : `${goal.atMost} ${unit}${goal.of === undefined ? '' : ` for ${goal.of}`}`;
  return outcome(asked, relative ? reached.toFixed(2) : cell(reached), reached <= limit);
}

/** A section as Markdown. */
export function section({ title, about, samples, goals, kind, unit = 'ms' }: Section): string {
  const [ours] = samples.keys();
  const own = samples.get(ours ?? '') ?? [];
  const whole = [...samples.values()].reduce((sum, values) => sum + median(values), 0);
  const rows = [...samples].map(([name, values]) => {
    const relation = name === ours ? '' : ratio(own, values).toFixed(2);
    const last = kind === 'parts' ? `${((median(values) / whole) * 100).toFixed(0)} %` : relation;
    return row([
      name,
      cell(median(values)),
      cell(quantile(values, 0.1)),
      cell(quantile(values, 0.9)),
      String(values.length),
      last,
    ]);
  });
  const verdicts = goals.map((goal) => verdict(goal, samples, own, unit));
  const head = row(['', `median, ${unit}`, '10 %', '90 %', 'runs', kind === 'parts' ? 'of all' : 'ours ÷ this']);
  return [
    `## ${title}`,
    '',
    about,
    '',
    head,
    row(['---', '---:', '---:', '---:', '---:', '---:']),
    ...rows,
    '',
    ...verdicts,
    '',
  ].join('\n');
}

const firstLine = (command: string, ...args: string[]): string =>
  (execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0] ?? '').trim();

const PACKAGES = ['runc', 'crun', 'podman', 'conmon', 'containerd', 'docker.io', 'docker-registry'];

/** `name version`, of those that are installed. */
const debianVersions = (): string[] =>
  PACKAGES.flatMap((name) => {
    const { stdout, status } = spawnSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' });
    return status === 0 ? [`${name} ${stdout}`] : [];
  });

/** What the figures depend on. */
export function machineFacts(): string[] {
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? process.arch;
  const os = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  return [
    `${cpus().length} cores (${model}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${os}, kernel ${firstLine('uname', '-r')}, root`,
    `Debian's ${debianVersions().join(', ')}`,
    'cgroup v1 with the almost empty v2 tree hidden in a private mount namespace: crun and podman refuse to start beside it; ours and runc run there too, so all see the same',
  ];
}

/** The whole page. */
export function page(sections: readonly Section[], missing: readonly string[], date: string): string {
  return [
    '# Benchmarks',
    '',
    '<!-- Written by `make bench`. Do not edit: run it again. -->',
    '',
    "Ours beside Debian's own programs, in one run: in each round every contender runs once, in a new random order, page cache",
    'warm, no daemon of ours. Times are those of the whole process, from spawn to exit, as a shell would see them. Absolute times move',
    'from machine to machine; the ratios are what counts.',
    '',
    `Measured on ${date} with \`make bench\`:`,
    '',
    ...machineFacts().map((fact) => `- ${fact}`),
    '',
    ...sections.map(section),
    ...(missing.length === 0 ? [] : ['## Not measured in this run', '', ...missing.map((line) => `- ${line}`), '']),
  ].join('\n');
}
