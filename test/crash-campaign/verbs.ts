/** The commands of the campaign. A further one is an entry here. */
import { join } from 'node:path';
import { ENDLESS, makeNotes, program } from './subject.ts';

export interface Choice {
  root: string;
  image: string;
  /** Name of the container that it is done to. */
  name: string;
  /** A name that nobody has. */
  fresh: string;
}

export interface CrashVerb {
  /** Milliseconds within which it is killed at first; the campaign learns better. */
  span: number;
  args(choice: Choice): string[];
  /** It makes the container `fresh`; `toGo`: one that removes itself. */
  makes?: 'kept' | 'toGo';
  /** It may take the container away. */
  removes?: boolean;
}

const made = ({ root, image, fresh }: Choice, words: readonly string[], lines: number): string[] => [
  ...words,
  '--network',
  'none',
  '--name',
  fresh,
  '-v',
  `${makeNotes(root, fresh)}:/notes`,
  image,
  ...program(root, lines),
];

export const VERBS: Readonly<Record<string, CrashVerb>> = {
  create: { span: 40, makes: 'kept', args: (choice) => made(choice, ['create'], ENDLESS) },
  runDetached: { span: 60, makes: 'kept', args: (choice) => made(choice, ['run', '-d'], ENDLESS) },
  runAttached: { span: 300, makes: 'kept', args: (choice) => made(choice, ['run'], 8) },
  runToGo: { span: 300, makes: 'toGo', args: (choice) => made(choice, ['run', '--rm'], 8) },
  start: { span: 60, args: ({ name }) => ['start', name] },
  exec: {
    span: 60,
    args: ({ name, root }) => ['exec', name, 'sh', '-c', 'echo exec >> /notes/execs; sleep 0.03', root],
  },
  stop: { span: 60, args: ({ name }) => ['stop', name] },
  restart: { span: 90, args: ({ name }) => ['restart', name] },
  kill: { span: 40, args: ({ name }) => ['kill', name] },
  rm: { span: 60, removes: true, args: ({ name }) => ['rm', '-f', name] },
  pause: { span: 20, args: ({ name }) => ['pause', name] },
  unpause: { span: 20, args: ({ name }) => ['unpause', name] },
  rename: { span: 20, args: ({ name, fresh }) => ['rename', name, fresh] },
  update: { span: 30, args: ({ name }) => ['update', '-m', '64m', name] },
  copyIn: { span: 150, args: ({ root, name }) => ['cp', join(root, 'big'), `${name}:/tmp/big`] },
  copyOut: { span: 150, args: ({ root, name }) => ['cp', `${name}:/bin`, join(root, 'out')] },
  commit: { span: 200, args: ({ name }) => ['commit', name, 'crash:1'] },
  logs: { span: 100, args: ({ name }) => ['logs', name] },
  ps: { span: 20, args: () => ['ps', '-a'] },
  prune: { span: 60, removes: true, args: () => ['container', 'prune', '-f'] },
};
