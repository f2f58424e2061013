import type { Tree, TreeFact } from './tree-facts.ts';

/** What of an object can differ, and how it is called. */
const ASPECTS: readonly (readonly [keyof TreeFact, string])[] = [
  ['kind', 'another kind of file'],
  ['content', 'content'],
  ['size', 'size'],
  ['mode', 'mode'],
  ['owner', 'owner'],
  ['mtime', 'time'],
  ['link', 'target'],
  ['device', 'device number'],
  ['xattrs', 'attributes'],
];

/**
 * What is different in `actual`, a line for each path: `etc/passwd: content, time`. Directories that a layer does not
 * list, and marks of what is deleted, got the time of their making: those of `expected` are younger than `since` (seconds),
 * and their times say nothing.
 */
export function differences(expected: Tree, actual: Tree, since: number): string[] {
  const found: string[] = [];
  for (const [path, fact] of expected) {
    const other = actual.get(path);
    const words = other === undefined ? ['missing'] : aspects(fact, other, since);
    if (words.length > 0) found.push(`${shown(path)}: ${words.join(', ')}`);
  }
  for (const path of actual.keys()) if (!expected.has(path)) found.push(`${shown(path)}: not part of the layer`);
  return found;
}

function aspects(fact: TreeFact, other: TreeFact, since: number): string[] {
  const words = ASPECTS.filter(([key]) => fact[key] !== other[key])
    .filter(([key]) => key !== 'mtime' || fact.mtime < since)
    .map(([, word]) => word);
  return fact.names.join('\0') === other.names.join('\0') ? words : [...words, 'names of one file'];
}

/** Names are bytes; most are UTF-8. */
function shown(path: string): string {
  return JSON.stringify(`/${Buffer.from(path, 'latin1').toString()}`).slice(1, -1);
}
