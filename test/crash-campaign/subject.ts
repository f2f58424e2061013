/** The containers of the campaign: what their program writes down by itself, to be compared with what we say of it. */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Subject {
  /** Whole id, once it is known. */
  id: string;
  /** The name of its directory of notes, which stays when it is renamed. */
  tag: string;
  toGo: boolean;
  /** Runs whose monitor was killed: what lay in its pipes went with it. */
  torn: Set<number>;
  /** Runs that may have ended by a kill, whatever they meant. */
  killed: Set<number>;
  /** How many lines of each run have been seen in its log: these may not go again. */
  seen: Map<number, number>;
}

export const notesOf = (root: string, tag: string): string => join(root, 'notes', tag);

export function makeNotes(root: string, tag: string): string {
  mkdirSync(notesOf(root, tag), { recursive: true });
  return notesOf(root, tag);
}

/**
 * Counts its runs, writes lines that are numbered in each and notes each one behind it, and how it is about to end.
 * `$0` is the root, by which its processes are found; ends by itself after `$1` lines.
 */
const SCRIPT = `
r=$(($(cat /notes/runs 2>/dev/null || echo 0) + 1)); echo $r > /notes/runs.new; mv /notes/runs.new /notes/runs
i=0; over=
say() { i=$((i + 1)); echo "$r $i"; echo "$r $i" >> /notes/said; }
end() { say; echo "$r $1" >> /notes/ends; exit $1; }
trap 'over=$((r % 50 + 1))' TERM
while [ $i -lt $1 ] && [ -z "$over" ]; do say; sleep 0.01; done
end ${'$'}{over:-60}`;

export const ENDLESS = 1_000_000;
export const program = (root: string, lines: number): string[] => ['sh', '-c', SCRIPT, root, String(lines)];

const text = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

/** Whole lines of two numbers; the last may have been cut off. */
function pairs(content: string): [number, number][] {
  return content
    .slice(0, content.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ').map(Number) as [number, number]);
}

/** How many lines each run has. Throws when one is missing or out of order. */
export function linesOfRuns(content: string): Map<number, number> {
  const runs = new Map<number, number>();
  for (const [run, line] of pairs(content)) {
    const before = runs.get(run) ?? 0;
    if (line !== before + 1) throw new Error(`line ${line} of run ${run} follows line ${before}`);
    runs.set(run, line);
  }
  return runs;
}

export interface Notes {
  /** The newest run. */
  run: number;
  said: Map<number, number>;
  /** What the newest note of an end says, and when it was written. */
  end: { run: number; code: number; at: number } | undefined;
}

export function readNotes(root: string, tag: string): Notes {
  const place = notesOf(root, tag);
  const last = pairs(text(join(place, 'ends'))).at(-1);
  return {
    run: Number(text(join(place, 'runs'))) || 0,
    said: linesOfRuns(text(join(place, 'said'))),
    end: last === undefined ? undefined : { run: last[0], code: last[1], at: statSync(join(place, 'ends')).mtimeMs },
  };
}
