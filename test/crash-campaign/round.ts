/**
 * One round: a command on one of a few containers, something of it killed at a random moment, one further command, and
 * a look at everything. The seed says everything but the moments.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CliWorld } from '#test/cli/world.ts';
import { leaks, linesLost, locks, statusLost, type Seen } from './check.ts';
import { readNotes, type Subject } from './subject.ts';
import { VERBS } from './verbs.ts';
import { firstProcessOf, killAll, killProcess, monitorOf, VICTIMS, type Victim } from './victims.ts';

export interface Campaign {
  world: CliWorld;
  random(below: number): number;
  subjects: Subject[];
  /** Milliseconds within which each verb is cut, as far as is known. */
  spans: Map<string, number>;
  count: number;
  killed: number;
}

const MOST = 4;
const [REST_MS, REST_TRIES] = [100, 80];
/** Words that no error that a person sees may have. */
const INTERNAL = /SQLITE|undefined|\bat .*\.ts|internal/;

interface Cut {
  told: string;
  /** Containers may be gone, because that was asked for. */
  mayGo: boolean;
  wrong: string[];
}

export async function crashRound(campaign: Campaign): Promise<string[]> {
  const done = await cut(campaign);
  const { told, wrong } = done;
  try {
    const found = [...wrong, ...(await verdict(campaign, done))];
    return found.map((one) => `${told}: ${one}`);
  } catch (error) {
    return [`${told}: ${String(error)}`];
  }
}

function chooseVerb({ random, subjects }: Campaign): string {
  const names = Object.keys(VERBS).filter((name) => {
    const { makes } = VERBS[name] ?? {};
    return makes === undefined ? subjects.length > 0 : makes === 'toGo' || subjects.length < MOST;
  });
  return names[random(names.length)] ?? 'ps';
}

async function cut(campaign: Campaign): Promise<Cut> {
  const { world, random, subjects, spans } = campaign;
  const word = chooseVerb(campaign);
  const verb = VERBS[word];
  if (verb === undefined) throw new Error(`there is no verb ${word}`);
  const target = subjects[random(subjects.length)];
  const victim = VICTIMS[random(VICTIMS.length)] ?? 'cli';
  const fresh = `c${(campaign.count += 1)}`;
  const args = verb.args({ root: world.root, image: world.image, name: target?.id ?? '', fresh });
  if (verb.makes !== undefined)
    subjects.push({
      id: '',
      tag: fresh,
      toGo: verb.makes === 'toGo',
      torn: new Set(),
      killed: new Set(),
      seen: new Map(),
    });
  const span = spans.get(word) ?? verb.span;
  const delay = random(Math.ceil(span));
  const child = world.spawn(args);
  const outcome = Promise.all([child.exited, new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const isOver = await Promise.race([sleep(delay, false), child.exited.then(() => true)]);
  spans.set(word, isOver ? Math.max(4, span * 0.85) : span * 1.15);
  const hit = verb.makes === undefined ? target : undefined;
  if (victim !== 'cli' || word === 'kill') mark(campaign, victim, hit);
  strike(world, victim, child.pid, hit);
  const [status, , errors] = await outcome;
  campaign.killed += child.signalCode === 'SIGKILL' ? 1 : 0;
  return {
    told: `${word} of ${target?.tag ?? ''} (${fresh}), ${victim} killed after ${delay} ms, status ${status}`,
    mayGo: verb.removes === true,
    wrong: INTERNAL.test(errors) ? [`it said ${errors}`] : [],
  };
}

/** A run may have begun without having noted that yet. */
function mark({ world, subjects }: Campaign, victim: Victim, hit: Subject | undefined): void {
  const dying = victim === 'all' ? subjects : hit === undefined ? [] : [hit];
  for (const one of dying) {
    const { run } = readNotes(world.root, one.tag);
    one.killed.add(run).add(run + 1);
    if (victim === 'all' || victim === 'monitor') one.torn.add(run).add(run + 1);
  }
}

function strike({ root }: CliWorld, victim: Victim, cli: number, hit: Subject | undefined): void {
  if (victim === 'all') return killAll(root);
  if (victim === 'cli') return killProcess(cli);
  const pid = hit === undefined ? 0 : (victim === 'monitor' ? monitorOf : firstProcessOf)(root, hit.id);
  killProcess(pid || cli);
}

/** What `sampan` says of all its containers: the one further command, and a second one that tells more. */
async function look({ world }: Campaign): Promise<Seen[]> {
  const ids = (await must(world, 'ps', '-aq', '--no-trunc')).split('\n').filter(Boolean);
  if (ids.length === 0) return [];
  // One that was to remove itself may do so meanwhile.
  const { stdout, stderr, status } = await world.sampan('inspect', ...ids);
  if (status !== 0 && !stderr.includes('No such object')) throw new Error(`inspect: ${status}: ${stderr}`);
  const all = JSON.parse(stdout) as {
    Id: string;
    Name: string;
    State: { Status: string; ExitCode: number; StartedAt: string };
  }[];
  return all.map(({ Id, Name, State }) => ({
    id: Id,
    name: Name.slice(1),
    status: State.Status,
    code: State.ExitCode,
    startedAt: Date.parse(State.StartedAt) || 0,
  }));
}

export async function must(world: CliWorld, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await world.sampan(...args);
  if (status !== 0) throw new Error(`sampan ${args.join(' ')}: ${status}: ${stderr}${stdout}`);
  return stdout;
}

/** Learns who is there, and who went because it was to go. What is gone otherwise is lost. */
function match({ subjects }: Campaign, seen: readonly Seen[], mayGo: boolean): string[] {
  for (const one of subjects) one.id ||= seen.find(({ name }) => name === one.tag)?.id ?? '';
  const gone = subjects.filter(({ id }) => !seen.some((one) => one.id === id));
  const lost = mayGo ? [] : gone.filter(({ id, toGo }) => id !== '' && !toGo);
  for (const one of gone) subjects.splice(subjects.indexOf(one), 1);
  return lost.map(({ tag }) => `container ${tag} is lost`);
}

async function verdict(campaign: Campaign, { mayGo }: Cut): Promise<string[]> {
  const { world, subjects, random } = campaign;
  const { root } = world;
  let seen = await look(campaign);
  const lost = match(campaign, seen, mayGo);
  let wrong: string[] = [];
  // Groups and monitors of what has just ended take a moment to go.
  for (let tries = 0; tries < REST_TRIES; tries += 1) {
    wrong = leaks(root, seen);
    if (wrong.length === 0) break;
    await sleep(REST_MS);
    seen = await look(campaign);
    match(campaign, seen, true);
  }
  const one = subjects[random(Math.max(1, subjects.length))];
  const state = seen.find(({ id }) => id === one?.id);
  if (one !== undefined && state !== undefined) wrong.push(...statusLost(root, one, state));
  if (one !== undefined) wrong.push(...(await patiently(() => linesLost(world, one))));
  if (state !== undefined) await toggle(campaign, state);
  return [...lost, ...wrong, ...locks(root)];
}

/** The monitor of one that runs may not have had its turn yet. */
async function patiently(ask: () => Promise<string[]>): Promise<string[]> {
  let found = await ask();
  for (let tries = 0; found.length > 0 && tries < 10; tries += 1) {
    await sleep(REST_MS);
    found = await ask();
  }
  return found;
}

/** Brings it to another state, so that each verb meets each. */
async function toggle({ world, random }: Campaign, { id, status }: Seen): Promise<void> {
  if (random(2) === 0) return;
  if (status === 'paused') await must(world, 'unpause', id);
  else if (status === 'running') await world.sampan('stop', '-t', '30', id);
  else await must(world, 'start', id);
}
