import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Contender, interleave } from './interleave.ts';
import { RUNTIMES, writeBundle } from './low-level.ts';
import type { Section } from './report.ts';

/** One runtime with a bundle and a state directory of its own. */
interface Subject {
  name: string;
  argv: (...words: string[]) => string[];
  quietly: (...words: string[]) => void;
  create: (id: string) => string[];
}

/** What has to be there before the verb is timed, and what its words are. */
interface Measured {
  verb: string;
  before?: (subject: Subject, id: string) => void;
  words: (subject: Subject, id: string) => string[];
  /** At most so many times runc's time. */
  factor: number;
}

const started = (subject: Subject, id: string): void => {
  subject.quietly(...subject.create(id));
  subject.quietly('start', id);
};

const VERBS: readonly Measured[] = [
  { verb: 'create', words: (subject, id) => subject.create(id), factor: 0.5 },
  {
    verb: 'start',
    before: (subject, id) => subject.quietly(...subject.create(id)),
    words: (_, id) => ['start', id],
    factor: 1.6,
  },
  { verb: 'state', before: started, words: (_, id) => ['state', id], factor: 1.6 },
  { verb: 'exec', before: started, words: (_, id) => ['exec', id, 'true'], factor: 0.5 },
  { verb: 'kill', before: started, words: (_, id) => ['kill', id, 'KILL'], factor: 1.6 },
  {
    verb: 'delete',
    before: (subject, id) => {
      started(subject, id);
      subject.quietly('kill', id, 'KILL');
      Bun.sleepSync(30); // until it is stopped
    },
    words: (_, id) => ['delete', id],
    factor: 1.6,
  },
];

function subjectOf({ name, base }: (typeof RUNTIMES)[number], directory: string, cgroupParent: string): Subject {
  const word = name.split(' ')[0] ?? name;
  const bundle = join(directory, `verbs-${word}`, 'bundle');
  const root = join(directory, `verbs-${word}`, 'state');
  writeBundle(bundle, `${cgroupParent}/verbs-${word}`, ['sleep', '86400']);
  mkdirSync(root, { recursive: true });
  const argv = (...words: string[]): string[] => [...base(root), ...words];
  return {
    name: word,
    argv,
    create: (id) => ['create', '--bundle', bundle, id],
    quietly: (...words) => {
      const [command = '', ...args] = argv(...words);
      const { status } = spawnSync(command, args, { stdio: 'ignore' });
      if (status !== 0) throw new Error(`${word} ${words.join(' ')}: status ${status}`);
    },
  };
}

function contender(subject: Subject, { verb, before, words }: Measured): Contender {
  const id = (round: number): string => `${verb}-${round}`;
  return {
    name: `${subject.name} ${verb}`,
    argv: (round) => subject.argv(...words(subject, id(round))),
    ...(before === undefined ? {} : { before: (round: number) => before(subject, id(round)) }),
    after: (round) => {
      if (verb !== 'delete') subject.quietly('delete', '--force', id(round));
    },
  };
}

/** The verbs around a container's life, each from a cold start with no plan stored. */
export function verbs(directory: string, cgroupParent: string): Section[] {
  const subjects = RUNTIMES.map((runtime) => subjectOf(runtime, directory, cgroupParent));
  return VERBS.map((measured) => ({
    title: `\`oci ${measured.verb}\``,
    about: 'The same bundle with `sleep` as its program, back to back.',
    samples: interleave(
      subjects.map((subject) => contender(subject, measured)),
      { count: 30, warmUp: 2, idle: 0, scratch: directory },
    ),
    goals: [{ against: `runc ${measured.verb}`, factor: measured.factor }],
  }));
}
