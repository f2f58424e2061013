import { Fault } from '#base/fault.ts';
import type { IdRange } from '#engine/rootless/subordinate-ids.ts';

export const LEAST_IDS = 1024;
export const MOST_IDS = 65_536;

/** The first `count` ids in a row of the ranges that nobody has; undefined when there are none. */
export function firstFree(ranges: readonly IdRange[], taken: readonly IdRange[], count: number): number | undefined {
  const sorted = taken.toSorted((left, right) => left.start - right.start);
  for (const range of ranges) {
    let at = range.start;
    for (const one of sorted) {
      if (one.start + one.count <= at) continue;
      if (one.start >= at + count) break;
      at = one.start + one.count;
    }
    if (at + count <= range.start + range.count) return at;
  }
  return undefined;
}

/** How many ids the users of an image need; `nobody` at the far end does not count. */
export function idsNeeded(accounts: readonly string[], asked: readonly number[]): number {
  const NOBODY = 65_534;
  const ids = accounts.flatMap((text) => text.split('\n').map((line) => Number(line.split(':')[2] ?? '0')));
  const known = [...ids, ...asked].filter((id) => Number.isInteger(id) && id >= 0 && id < NOBODY);
  return Math.min(MOST_IDS, Math.max(LEAST_IDS, ...known.map((id) => id + 1)));
}

export function noIdsLeft(count: number, file: string): Fault {
  return new Fault('exhausted', `--userns auto: ${file} gives "containers" no ${count} ids that are free`, {
    field: '--userns',
    hint: 'Remove containers, give a smaller size, or more ids to "containers".',
  });
}
