/** One container's life by the verbs of `sampan oci`, of which any may be killed at any moment. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TREE } from '#tools/places.ts';

export interface Soak {
  /** One directory for everything. */
  place: string;
  state: string;
  /** In turn. */
  bundles: readonly string[];
  random: () => number;
  tally: Tally;
}

export interface Tally {
  verbs: number;
  killed: number;
  /** What happened to each container, to be told of one that left something. */
  history: Map<string, string[]>;
  /** Verbs that failed although nobody killed them or any before them. */
  failed: string[];
}

const OURS = join(TREE, 'dist/sampan-oci');
/** A share of the verbs that is killed, and the time within which that happens; most take less. */
const KILLED = 0.3;
const WITHIN_MS = 30;
/** Of those killed, so many lose their launcher instead. */
const LAUNCHER = 0.3;

interface Ended {
  status: number;
  killed: boolean;
}

async function verb(soak: Soak, mayKill: boolean, id: string, ...words: string[]): Promise<Ended> {
  const { state, random, tally } = soak;
  const child = Bun.spawn([OURS, '--root', state, ...words], {
    stdio: ['ignore', 'ignore', Bun.file(errorsOf(soak, id))],
  });
  tally.verbs++;
  const killed = mayKill && random() < KILLED;
  const after = random() * WITHIN_MS;
  const victim = random() < LAUNCHER ? 'launcher' : 'runtime';
  if (killed) {
    await Promise.race([sleep(after), child.exited]);
    kill(victim === 'launcher' ? firstChild(child.pid) : child.pid);
    tally.killed++;
  }
  const status = await child.exited;
  const how = killed ? ` (${victim} killed after ${after.toFixed(1)} ms)` : '';
  tally.history.set(id, [...(tally.history.get(id) ?? []), `${words[0]}: ${status}${how}`]);
  return { status, killed };
}

const errorsOf = ({ place }: Soak, id: string): string => join(place, 'errors', id);

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}

function firstChild(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ')[0]) || undefined;
  } catch {
    return undefined;
  }
}

/** The program runs until it is killed: `kill` of the container has something to do. */
export async function cycle(soak: Soak, id: string, index: number): Promise<void> {
  let clean = true;
  const step = async (...words: string[]): Promise<void> => {
    const { status, killed } = await verb(soak, true, id, ...words);
    clean &&= !killed;
    if (clean && status !== 0) {
      const said = readFileSync(errorsOf(soak, id), 'utf8').trim();
      soak.tally.failed.push(`${words.join(' ')}: status ${status}: ${said}`);
    }
  };
  await step('create', '--bundle', soak.bundles[index % soak.bundles.length] ?? '', id);
  await step('start', id);
  await step('exec', id, 'true');
  await step('kill', id, 'KILL');
  await step('delete', '--force', id);
}

/** The same with `run`, which stays with its program; what is asked of it may come before there is a container. */
export async function attachedCycle(soak: Soak, id: string, index: number): Promise<void> {
  const bundle = soak.bundles[index % soak.bundles.length] ?? '';
  let runs = true;
  const running = verb(soak, true, id, 'run', '--bundle', bundle, id).finally(() => (runs = false));
  await sleep(soak.random() * 2 * WITHIN_MS);
  await verb(soak, true, id, 'exec', id, 'true');
  await verb(soak, true, id, 'kill', id, 'KILL');
  for (; runs; await sleep(2 * WITHIN_MS)) await forget(soak, id);
  await running;
}

/** Never killed: after it nothing may be left. */
export async function forget(soak: Soak, id: string): Promise<void> {
  const { status } = await verb(soak, false, id, 'delete', '--force', id);
  if (status !== 0) {
    soak.tally.failed.push(`delete of ${id}: status ${status}: ${readFileSync(errorsOf(soak, id), 'utf8').trim()}`);
  }
  rmSync(errorsOf(soak, id), { force: true });
}
