/**
 * Two or three commands side by side on the same few containers, all killed at a random moment; then one look, after
 * which nothing may be lost or left. The seed says everything but the moments.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CliWorld } from '#test/cli/world.ts';
import { compare, look, must, type Known, type Seen } from './world-model.ts';
import { VERBS } from './verbs.ts';

const [REST_MS, REST_TRIES] = [100, 30];

export interface Campaign {
  world: CliWorld;
  random(below: number): number;
  known: Known[];
  killed: number;
}

/** One round; gives what is wrong after it, with what was done. */
export async function campaignRound(campaign: Campaign): Promise<string[]> {
  const { world, random, known } = campaign;
  const names = Object.keys(VERBS);
  const chosen = Array.from({ length: 1 + random(3) }, () => names[random(names.length)] ?? '');
  const target = known[random(known.length)];
  if (target === undefined) throw new Error('there are no containers');
  const name = [...target.names][0] ?? '';
  const span = Math.max(...chosen.map((verb) => VERBS[verb]?.span ?? 0));
  const calls = chosen.map((verb) => VERBS[verb]?.args({ world, target, name, random }) ?? []);
  const delay = random(span);
  const children = calls.map((args) => world.spawn(args));
  await sleep(delay);
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map(({ exited }) => exited));
  for (const { signalCode } of children) campaign.killed += signalCode === 'SIGKILL' ? 1 : 0;
  const told = `${calls.map((args) => args.slice(0, 3).join(' ')).join(' + ')} killed after ${delay} ms`;
  try {
    const wrong = await after(campaign);
    return wrong.map((one) => `${told}: ${one}`);
  } catch (error) {
    return [`${told}: ${String(error)}`];
  }
}

async function after({ world, known, random }: Campaign): Promise<string[]> {
  const seen = await look(world);
  const wrong = [...compare(known, seen), ...limitsThatDiffer(seen)];
  for (const one of seen) {
    // One that was to remove itself may have done so since.
    if (!known.some(({ id }) => id === one.id)) {
      const { status, stderr } = await world.sampan('rm', '-f', one.id);
      if (status !== 0 && !stderr.includes('No such container')) wrong.push(`rm of ${one.name}: ${stderr}`);
      continue;
    }
    if (one.status === 'running') await answers(world, one);
    if (random(3) === 0) await toggle(world, one);
  }
  return [...wrong, ...(await left(world, known))];
}

/** What runs can be asked, and still holds what was put into it. */
async function answers(world: CliWorld, { id, name }: Seen): Promise<void> {
  const { status, stdout, stderr } = await world.sampan('exec', id, 'sh', '-c', 'cat /mark 2>&1; :');
  // It may have been told to stop.
  if (status !== 0 && /not running|just ending/.test(stderr)) return;
  if (status !== 0) throw new Error(`exec in ${name}: ${stderr}`);
  if (!stdout.includes(id) && !stdout.includes('No such file')) throw new Error(`the mark of ${name}: ${stdout}`);
}

/** Brings it to the other state, so that each verb meets both. */
async function toggle(world: CliWorld, { id, status }: Seen): Promise<void> {
  if (status === 'paused') await must(world, 'unpause', id);
  else if (status === 'running') await world.sampan('stop', '-t', '2', id);
  else await must(world, 'start', id);
}

/** The kernel's limit is the record's. */
function limitsThatDiffer(seen: readonly Seen[]): string[] {
  return seen
    .filter(({ status }) => status === 'running' || status === 'paused')
    .flatMap(({ id, name, memory }) => {
      const files = [
        `/sys/fs/cgroup/memory/sampan/${id}/memory.limit_in_bytes`,
        `/sys/fs/cgroup/sampan/${id}/memory.max`,
      ];
      const file = files.find((path) => existsSync(path));
      if (file === undefined || memory === 0) return [];
      const kernel = Number(readFileSync(file, 'latin1')) / 2 ** 20;
      return kernel === memory ? [] : [`${name} is recorded with ${memory} MiB and has ${kernel}`];
    });
}

/** Nothing of containers that there are not, and no process but monitors and what they watch. */
async function left(world: CliWorld, known: readonly Known[]): Promise<string[]> {
  const strange = (): string[] =>
    world
      .leftovers()
      .filter((line) => line.includes(world.root) || line.startsWith('containers/') || line.includes('/sampan/'))
      .filter(
        (line) => !known.some(({ id }) => line.includes(id) || line.startsWith(`process ${monitorOf(world, id)}:`)),
      );
  let found = strange();
  for (let tries = 0; found.length > 0 && tries < REST_TRIES; tries += 1) {
    await sleep(REST_MS);
    found = strange();
  }
  return found.map((line) => `left: ${line}`);
}

function monitorOf(world: CliWorld, id: string): string {
  try {
    return readFileSync(join(world.root, 'containers', id, 'lock'), 'latin1').split(' ')[0] ?? '';
  } catch {
    return '';
  }
}
