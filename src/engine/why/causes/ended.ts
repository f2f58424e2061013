import { certain, likely, type Look } from '#engine/why/cause.ts';
import { signalName, signalOfStatus } from '#engine/why/signal-names.ts';

/** Signals that a process gets for what it does itself. */
const FAULTS: Readonly<Record<number, readonly [string, string]>> = {
  4: ['executed an instruction that this processor does not have', 'The image may be built for a newer processor.'],
  5: ['ran into a break point', 'No debugger was there to take it.'],
  6: ['gave up by itself (abort)', 'Its last words are in the log.'],
  7: [
    'touched memory that has nothing behind it',
    'A file that it maps may have become shorter, or /dev/shm be full (--shm-size).',
  ],
  8: ['calculated what has no result, such as a division by zero', 'It is a fault of the program.'],
  11: ['touched memory that is not its own', 'It is a fault of the program, or of a library that does not fit it.'],
  24: ['used all the processor time of its limit', '--ulimit cpu sets it.'],
  25: ['wrote a file larger than its limit', '--ulimit fsize sets it.'],
};

const crashed: Look = ({ exit, kernel }) => {
  const number = exit === undefined ? undefined : exit.signal || signalOfStatus(exit.code);
  const known = number === undefined ? undefined : FAULTS[number];
  if (exit === undefined || number === undefined || known === undefined) return undefined;
  const [what, hint] = known;
  const evidence = (kernel?.faults ?? []).map((text) => `the kernel: ${text}`);
  // A shell or an init tells of a child's end by its status.
  if (exit.signal === 0) return likely(`A process in it ${what} (${signalName(number)}).`, evidence, hint);
  return certain(`It ${what} (${signalName(number)}).`, evidence, hint);
};

const bySignal: Look = ({ exit }) =>
  exit !== undefined && exit.signal > 0
    ? certain(`It was ended by ${signalName(exit.signal)}, which no command of sampan sent.`, [
        `exit status ${exit.code} is 128+${exit.signal}`,
      ])
    : undefined;

const childBySignal: Look = ({ exit }) => {
  const number = exit === undefined ? undefined : signalOfStatus(exit.code);
  if (number === undefined) return undefined;
  return likely(
    `Its first process ended with ${exit?.code}, which tells of a process ended by ${signalName(number)}.`,
    [`${exit?.code} is 128+${number}`],
  );
};

const notFoundInside: Look = ({ exit, log }) =>
  exit?.code === 127
    ? likely(
        'Its program ran, and did not find a command or a library that it needs (127).',
        lastLine(log),
        'The command is missing in the image, or not in its PATH.',
      )
    : undefined;

const notExecutableInside: Look = ({ exit, log }) =>
  exit?.code === 126
    ? likely(
        'Its program ran, and could not execute a file that it found (126).',
        lastLine(log),
        'Its execute permission is missing, or it is no program for this machine.',
      )
    : undefined;

const lastLine = (log: readonly string[]): string[] => log.slice(-1).map((line) => `its last words: ${line}`);

const SHELLS = /(?:^|\/)(?:a|ba|da|z)?sh$/;

/** Of those who know containers but not yet this. */
const shellWithoutInput: Look = ({ exit, args, options }) => {
  const isShell = SHELLS.test(args[0] ?? '') && args.length === 1;
  if (exit?.code !== 0 || exit.signal !== 0 || !isShell || options.interactive) return undefined;
  return certain(
    `Its program ${args[0]} is a shell, which had no input and so was done at once.`,
    [],
    'Give it a terminal with -it, or a program to run.',
  );
};

const succeeded: Look = ({ exit }) =>
  exit?.code === 0 && exit.error === undefined
    ? certain('Its program was done, and said that all went well (0).')
    : undefined;

const failed: Look = ({ exit, name, log }) => {
  if (exit === undefined || exit.error !== undefined) return undefined;
  return certain(
    `Its program ended by itself with status ${exit.code}; what that means is its own.`,
    lastLine(log),
    `sampan logs ${name} shows all that it said.`,
  );
};

const launchFailed: Look = ({ exit }) =>
  exit?.error === undefined ? undefined : certain('It could not be started.', [`error ${exit.error}`]);

/** How it ended by itself. The last ones take whatever is left. */
export const ENDED: Readonly<Record<string, Look>> = {
  crashed,
  'by-signal': bySignal,
  'not-found-inside': notFoundInside,
  'not-executable-inside': notExecutableInside,
  'child-by-signal': childBySignal,
  'shell-without-input': shellWithoutInput,
  succeeded,
  failed,
  'launch-failed': launchFailed,
};
