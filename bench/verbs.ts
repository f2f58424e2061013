import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
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
  /** Takes away what ours has stored for the verbs after `create`. */
  forget: (id: string) => void;
}

/** What has to be there before the verb is timed, and what its words are. */
interface Measured {
  verb: string;
  before?: (subject: Subject, id: string) => void;
  words: (subject: Subject, id: string) => string[];
  /** With nothing stored: at most so many times runc's time. By what is stored: at most so many times crun's. */
  cold: number;
  stored?: number;
  /** What has to have been done for something to be stored. */
  store?: (subject: Subject, id: string) => void;
}

const started = (subject: Subject, id: string): void => {
  subject.quietly(...subject.create(id));
  subject.quietly('start', id);
};

const VERBS: readonly Measured[] = [
  { verb: 'create', words: (subject, id) => subject.create(id), cold: 0.5 },
  {
    verb: 'start',
    before: (subject, id) => subject.quietly(...subject.create(id)),
    words: (_, id) => ['start', id],
    cold: 1.6,
    stored: 0.7,
  },
  { verb: 'state', before: started, words: (_, id) => ['state', id], cold: 1.6, stored: 0.7 },
  {
    verb: 'exec',
    before: started,
    words: (_, id) => ['exec', id, 'true'],
    cold: 0.5,
    stored: 0.6,
    store: (subject, id) => subject.quietly('exec', id, 'true'),
  },
  { verb: 'kill', before: started, words: (_, id) => ['kill', id, 'KILL'], cold: 1.6, stored: 0.7 },
  {
    verb: 'delete',
    before: (subject, id) => {
      started(subject, id);
      subject.quietly('kill', id, 'KILL');
      Bun.sleepSync(30); // until it is stopped
    },
    words: (_, id) => ['delete', id],
    cold: 1.6,
    stored: 0.7,
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
    forget: (id) => {
      for (const file of ['answers', 'exec.plan']) rmSync(join(root, id, file), { force: true });
    },
    quietly: (...words) => {
      const [command = '', ...args] = argv(...words);
      const { status } = spawnSync(command, args, { stdio: 'ignore' });
      if (status !== 0) throw new Error(`${word} ${words.join(' ')}: status ${status}`);
    },
  };
}

function contender(subject: Subject, { verb, before, store, words }: Measured, stored: boolean): Contender {
  const id = (round: number): string => `${verb}-${round}`;
  return {
    name: `${subject.name} ${verb}`,
    argv: (round) => subject.argv(...words(subject, id(round))),
    before: (round) => {
      before?.(subject, id(round));
      if (stored) store?.(subject, id(round));
      else subject.forget(id(round));
    },
    after: (round) => {
      if (verb !== 'delete') subject.quietly('delete', '--force', id(round));
    },
  };
}

function sectionOf(subjects: readonly Subject[], measured: Measured, stored: boolean, scratch: string): Section {
  const { verb, cold } = measured;
  const how = stored ? 'Ours by what is stored with the container.' : 'Ours with nothing stored.';
  return {
    title: `\`oci ${verb}\`, ${stored ? 'stored' : 'cold'}`,
    about: `The same bundle with \`sleep\` as its program, back to back. ${how}`,
    samples: interleave(
      subjects.map((subject) => contender(subject, measured, stored)),
      { count: 30, warmUp: 2, idle: 0, scratch },
    ),
    goals: [
      stored ? { against: `crun ${verb}`, factor: measured.stored ?? 1 } : { against: `runc ${verb}`, factor: cold },
    ],
  };
}

/** The verbs around a container's life, each from a cold start. */
export function verbs(directory: string, cgroupParent: string): Section[] {
  const subjects = RUNTIMES.map((runtime) => subjectOf(runtime, directory, cgroupParent));
  return VERBS.flatMap((measured) => [
    sectionOf(subjects, measured, false, directory),
    ...(measured.stored === undefined ? [] : [sectionOf(subjects, measured, true, directory)]),
  ]);
}
