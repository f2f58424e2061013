import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import { readControl } from './files.ts';

const ROUNDS = 400;
const PAUSE_MS = 5;

/** How a group is frozen in each version: the file to write, what to write, and how it is seen that it took effect. */
interface Freezer {
  group: string;
  file: string;
  words: { frozen: string; thawed: string };
  isFrozen(): boolean;
}

/** The freezer of a container with these control groups; undefined where there is none. */
function freezerOf(paths: readonly string[]): Freezer | undefined {
  // The one by whose name it can be guessed comes first, since `list` asks this of every container.
  for (const group of paths.toSorted((left, right) => rank(left) - rank(right))) {
    if (readControl(group, 'freezer.state') !== undefined) {
      const isFrozen = (): boolean => readControl(group, 'freezer.state') === 'FROZEN';
      return { group, file: 'freezer.state', words: { frozen: 'FROZEN', thawed: 'THAWED' }, isFrozen };
    }
    if (readControl(group, 'cgroup.freeze') === undefined) continue;
    const isFrozen = (): boolean => /^frozen 1$/m.test(readControl(group, 'cgroup.events') ?? '');
    return { group, file: 'cgroup.freeze', words: { frozen: '1', thawed: '0' }, isFrozen };
  }
  return undefined;
}

const rank = (path: string): number => (path.includes('/freezer') ? 0 : 1);

/** Whether the container's processes are held, or about to be. */
export function isPaused(paths: readonly string[]): boolean {
  const freezer = freezerOf(paths);
  if (freezer === undefined) return false;
  const state = readControl(freezer.group, freezer.file);
  return state === freezer.words.frozen || state === 'FREEZING';
}

/** Holds every process of the container; throws when that does not succeed, and lets them go again. */
export async function freeze(paths: readonly string[]): Promise<void> {
  const freezer = freezerOf(paths);
  if (freezer === undefined) {
    throw new Fault('unsupported', 'pause: the cgroup controller "freezer" is not mounted');
  }
  for (let round = 0; round < ROUNDS; round++) {
    // On version 1 a process that is being made may slip through, so it is asked again and again.
    write(freezer, freezer.words.frozen);
    if (freezer.isFrozen()) return;
    await sleep(PAUSE_MS);
  }
  write(freezer, freezer.words.thawed);
  throw new Fault('unavailable', `pause: the processes in ${freezer.group} cannot be held`);
}

export async function thaw(paths: readonly string[]): Promise<void> {
  const freezer = freezerOf(paths);
  if (freezer === undefined) return;
  for (let round = 0; round < ROUNDS; round++) {
    try {
      write(freezer, freezer.words.thawed);
    } catch (error) {
      // The container has ended, and its group with it.
      if (readControl(freezer.group, freezer.file) === undefined) return;
      throw error;
    }
    if (!isPaused([freezer.group]) && !freezer.isFrozen()) return;
    await sleep(PAUSE_MS);
  }
  throw new Fault('unavailable', `resume: the processes in ${freezer.group} stay held`);
}

/** On version 1 not even a kill reaches a process that is held. */
export function letDie(paths: readonly string[]): void {
  const freezer = freezerOf(paths);
  if (freezer?.file === 'freezer.state' && isPaused(paths)) write(freezer, freezer.words.thawed);
}

function write({ group, file }: Freezer, word: string): void {
  try {
    writeFileSync(`${group}/${file}`, word);
  } catch (error) {
    throw new Fault('internal', `write ${group}/${file}`, { cause: error });
  }
}
