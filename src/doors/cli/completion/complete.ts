import { COMMANDS } from '#doors/cli/commands.ts';
import { findCommand, groupMembers, groupNames, type FoundCommand } from '#doors/cli/find-command.ts';
import type { FlagSpec, FlagTable } from '#doors/cli/flags.ts';
import { GLOBAL_FLAGS } from '#doors/cli/global-flags.ts';
import { placeAt, type Place, valueOf } from './places.ts';

/** A word that may come next, and what it does. */
export interface Candidate {
  word: string;
  does: string;
}

export interface Completion {
  candidates: Candidate[];
  /** The shell's own names of files may come as well. */
  files: boolean;
}

/** Gives the names that there are of a kind; asked only when they may come next. */
export type NameSource = (kind: 'container' | 'image' | 'volume') => Promise<readonly string[]>;

const NOTHING: Completion = { candidates: [], files: false };

/** What may come next in a command line of the words after `sampan`; the last one is what has been typed of it. */
export async function complete(words: readonly string[], names: NameSource): Promise<Completion> {
  const current = words.at(-1) ?? '';
  const done = afterGlobalFlags(words.slice(0, -1));
  if (done === 'value') return { candidates: [], files: true };
  const { candidates, files } = await ofPlace(done, current, names);
  return { candidates: candidates.filter(({ word }) => word.startsWith(current)), files };
}

/** The words from the command on; `value` when a global flag still needs its own. */
function afterGlobalFlags(words: readonly string[]): readonly string[] | 'value' {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!word.startsWith('-')) return words.slice(at);
    const takesValue = (GLOBAL_FLAGS[word.replace(/^-+/, '')]?.kind ?? 'switch') !== 'switch';
    if (takesValue && at + 1 === words.length) return 'value';
    if (takesValue) at += 1;
  }
  return [];
}

async function ofPlace(done: readonly string[], current: string, names: NameSource): Promise<Completion> {
  const found = findCommand(done);
  if (found !== undefined) return ofCommand(found, current, names);
  const [first = '', ...more] = done;
  if (done.length > 0) return more.length === 0 ? only(summaries(groupMembers(first) ?? {})) : NOTHING;
  if (current.startsWith('-')) return only(flagWords(GLOBAL_FLAGS));
  const plain = summaries(COMMANDS).filter(({ word }) => !word.includes(' '));
  const groups = groupNames().map((word) => ({ word, does: 'Commands of this group' }));
  return only([...plain, ...groups, { word: 'oci', does: 'The low-level runtime' }]);
}

function only(candidates: Candidate[]): Completion {
  return { candidates, files: false };
}

function summaries(entries: Readonly<Record<string, { summary: string; hidden?: true }>>): Candidate[] {
  return Object.entries(entries).flatMap(([word, { summary, hidden }]) => (hidden ? [] : [{ word, does: summary }]));
}

async function ofCommand({ entry, args }: FoundCommand, current: string, names: NameSource): Promise<Completion> {
  const verb = await entry.load();
  const { waiting, arguments: count, closed } = readWords(args, verb.flags, verb.stop === true);
  if (waiting !== undefined) return ofPlaces(valueOf(waiting.value ?? ''), names);
  if (current.startsWith('-') && !closed) {
    return only([...flagWords(verb.flags), { word: '--help', does: 'Show this help' }]);
  }
  return count >= verb.args[1] ? NOTHING : ofPlaces(placeAt(entry.usage, count), names);
}

/** How far a command line has come. */
interface Progress {
  /** The flag whose value comes next. */
  waiting: FlagSpec | undefined;
  arguments: number;
  /** No flag may come any more. */
  closed: boolean;
}

function readWords(words: readonly string[], flags: FlagTable, stop: boolean): Progress {
  const progress: Progress = { waiting: undefined, arguments: 0, closed: false };
  for (const word of words) {
    if (progress.waiting !== undefined) progress.waiting = undefined;
    else if (word === '--') progress.closed = true;
    else if (progress.closed || !word.startsWith('-') || word === '-') {
      progress.arguments += 1;
      progress.closed ||= stop;
    } else progress.waiting = flagThatWaits(word, flags);
  }
  return progress;
}

/** Of `--name`, `-n` and `-itn`; not of `--name=value`. */
function flagThatWaits(word: string, flags: FlagTable): FlagSpec | undefined {
  if (word.includes('=')) return undefined;
  const last = word.startsWith('--') ? undefined : word.at(-1);
  const spec = flags[word.replace(/^-+/, '')] ?? Object.values(flags).find(({ short }) => short === last);
  return spec === undefined || spec.kind === 'switch' ? undefined : spec;
}

function flagWords(flags: FlagTable): Candidate[] {
  return Object.entries(flags).map(([name, { does }]) => ({ word: `--${name}`, does }));
}

async function ofPlaces(places: readonly Place[], names: NameSource): Promise<Completion> {
  const kinds = places.filter((place) => place !== 'file' && place !== 'other');
  const lists = await Promise.all(kinds.map(async (kind) => (await names(kind)).map((word) => ({ word, does: kind }))));
  return { candidates: lists.flat(), files: places.includes('file') };
}
