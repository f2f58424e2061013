import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a monitor noted of its container (docs/monitor.md, "Journal"). */
export interface JournalLine {
  /** Nanoseconds since 1970, as written; goes up from line to line, so it also says how far a reader has come. */
  position: string;
  /** Milliseconds since 1970. */
  time: number;
  /** Such as `started`, `exited`. */
  name: string;
  fields: Readonly<Record<string, string>>;
}

/** How far a reader has come who has read nothing. */
export const JOURNAL_START = '0';

const LINE = /^(\d+) ([a-z_]+)((?: [a-z_]+=[^ ]*)*)$/;
const NANOSECONDS_IN_MS = 6;

/** The lines after a position. One that is torn or makes no sense is passed over. */
export function parseJournal(text: string, after: string): JournalLine[] {
  // What comes after the last newline is still being written, or was never finished.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => LINE.exec(line))
    .filter((match): match is RegExpExecArray => match !== null && isAfter(match[1] ?? '', after))
    .map(([, position = '', name = '', rest = '']) => ({
      position,
      time: timeOf(position),
      name,
      fields: Object.fromEntries(rest.split(' ').slice(1).map(pairOf)),
    }));
}

/** Milliseconds since 1970. */
export const timeOf = (position: string): number => Number(position.slice(0, -NANOSECONDS_IN_MS));

const isAfter = (one: string, other: string): boolean =>
  one.length === other.length ? one > other : one.length > other.length;

function pairOf(field: string): [string, string] {
  const equals = field.indexOf('=');
  return [field.slice(0, equals), field.slice(equals + 1)];
}

/** The same of a container's directory; a journal that is not there has no lines. */
export function readJournal(directory: string, after: string): JournalLine[] {
  try {
    return parseJournal(readFileSync(join(directory, 'journal'), 'latin1'), after);
  } catch {
    return [];
  }
}

/** Bytes of the journal: a look at this shows whether there is more than before. */
export function journalSize(directory: string): number {
  return statSync(join(directory, 'journal'), { throwIfNoEntry: false })?.size ?? 0;
}
