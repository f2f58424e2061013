import { rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import { killAll } from './kill.ts';
import { groupsBelow } from './tree.ts';

const ROUNDS = 100;
const UNUSED_ROUNDS = 20;

/**
 * Kills what is left in a container's control groups and removes them, deepest first. A group that is gone already is
 * fine; one that stays busy for a second is a `conflict`.
 */
export async function removeCgroups(directories: readonly { readonly path: string }[]): Promise<void> {
  const paths = directories.map((directory) => directory.path);
  let left: string[] = [];
  for (const path of paths) left.push(...groupsBelow(path));
  if (left.length === 0) return;
  await killAll(paths);
  for (let round = 0; round < ROUNDS; round++) {
    left = left.filter((path) => !removed(path));
    if (left.length === 0) return;
    await sleep(10);
  }
  throw new Fault('conflict', `remove control group ${left[0]}: it is still in use`, {
    facts: { path: left[0] ?? '' },
  });
}

/**
 * Removes those of these groups that have nobody in them, or soon have nobody: for a caller that cannot tell which of
 * them are its own.
 */
export async function removeUnused(paths: readonly string[]): Promise<void> {
  let left = [...paths];
  for (let round = 0; round < UNUSED_ROUNDS && left.length > 0; round++) {
    if (round > 0) await sleep(10);
    left = left.filter((path) => !removed(path));
  }
}

function removed(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    throw new Fault('internal', `remove control group ${path}`, { cause: error });
  }
}
