/** What must be true once the next command has run: nothing is left of what died, and nothing is lost. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { cgroupsOfSampan, type CliWorld } from '#test/cli/world.ts';
import { linesOfRuns, readNotes, type Subject } from './subject.ts';
import { monitorOf, processesOf } from './victims.ts';

/** A container as `inspect` tells of it. */
export interface Seen {
  id: string;
  name: string;
  status: string;
  code: number;
  startedAt: number;
}

const [KILLED, UNBORN] = [137, 125];
const RUNNING = new Set(['running', 'paused']);
const AT_REST = new Set(['launcher', 'root']);

function query<T>(root: string, sql: string): T[] {
  const database = new DatabaseSync(join(root, 'sampan.db'), { readOnly: true });
  try {
    // The first look after a crash may find another one mending the log.
    database.exec('PRAGMA busy_timeout = 5000');
    return database.prepare(sql).all() as T[];
  } finally {
    database.close();
  }
}

/** Processes, mounts, control groups, directories and records that nobody answers for. */
export function leaks(root: string, seen: readonly Seen[]): string[] {
  const running = new Set(seen.filter(({ status }) => RUNNING.has(status)).map(({ id }) => id));
  return [
    ...strangers(root, running),
    ...mounts(root),
    ...groups(root, running),
    ...directories(root, seen),
    ...records(root, running),
  ];
}

function strangers(root: string, running: ReadonlySet<string>): string[] {
  const monitors = new Set([...running].map((id) => monitorOf(root, id)));
  return processesOf(root)
    .filter(({ pid }) => !monitors.has(pid) && !isIn(pid, running))
    .map(({ pid, line }) => `process ${pid}: ${line}`);
}

function isIn(pid: number, running: ReadonlySet<string>): boolean {
  try {
    const groupsOfIt = readFileSync(`/proc/${pid}/cgroup`, 'latin1');
    return [...running].some((id) => groupsOfIt.includes(id));
  } catch {
    return true;
  }
}

const mounts = (root: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(root))
    .map((line) => `mount ${line}`);

function groups(root: string, running: ReadonlySet<string>): string[] {
  const ever = new Set(
    query<{ actor: string }>(root, "SELECT DISTINCT actor FROM event WHERE type = 'container'").map(
      ({ actor }) => actor,
    ),
  );
  return cgroupsOfSampan()
    .filter((path) => ever.has(basename(path)) && !running.has(basename(path)))
    .map((path) => `control group ${path}`);
}

function directories(root: string, seen: readonly Seen[]): string[] {
  const known = new Set(seen.map(({ id }) => id));
  const held = seen.filter(({ id }) => existsSync(join(root, 'containers', id, 'held')));
  return [
    ...readdirSync(join(root, 'containers'))
      .filter((id) => !known.has(id))
      .map((id) => `directory containers/${id}`),
    ...held.map(({ name }) => `mark of a hold of ${name}`),
    ...readdirSync(join(root, 'run'))
      .filter((name) => !AT_REST.has(name))
      .map((name) => `file run/${name}`),
  ];
}

function records(root: string, running: ReadonlySet<string>): string[] {
  const rows = query<{ id: string; name: string; phase: string; owner: string | null; active: number }>(
    root,
    'SELECT id, name, phase, owner, active FROM containers',
  );
  const wrong = rows.flatMap(({ id, name, phase, owner, active }) => [
    ...(owner === null ? [] : [`${name} belongs to ${owner}`]),
    ...(phase === 'ready' ? [] : [`${name} is ${phase}`]),
    ...((active === 1) === running.has(id) ? [] : [`${name} is recorded as ${active ? 'active' : 'at rest'}`]),
  ]);
  return [...wrong, ...untold(root, running)];
}

/** Each run that has been told of has been told the end of, once. */
function untold(root: string, running: ReadonlySet<string>): string[] {
  const rows = query<{ actor: string; starts: number; ends: number }>(
    root,
    `SELECT actor, sum(action = 'start') AS starts, sum(action = 'die') AS ends FROM event
     WHERE type = 'container' GROUP BY actor`,
  );
  return rows
    .filter(({ actor, starts, ends }) => starts !== ends + (running.has(actor) ? 1 : 0))
    .map(({ actor, starts, ends }) => `${actor.slice(0, 12)} has begun ${starts} times and ended ${ends} times`);
}

/** The database can be written to at once. */
export function locks(root: string): string[] {
  const database = new DatabaseSync(join(root, 'sampan.db'));
  try {
    database.exec('PRAGMA busy_timeout = 2000; BEGIN IMMEDIATE; ROLLBACK');
    return [];
  } catch (error) {
    return [`the database is locked: ${String(error)}`];
  } finally {
    database.close();
  }
}

/** Its status is what its program meant to end with, unless it was killed, or who could have said so. */
export function statusLost(root: string, subject: Subject, seen: Seen): string[] {
  const { end } = readNotes(root, subject.tag);
  if (RUNNING.has(seen.status) || seen.status === 'created' || end === undefined) return [];
  if (end.at < seen.startedAt) return [];
  const isKilled = subject.killed.has(end.run) && seen.code === KILLED;
  // What was killed in its launch never ran, and says nothing of the run before.
  const isUnborn = subject.killed.has(end.run + 1) && seen.code === UNBORN;
  const isRight = seen.code === end.code || isKilled || isUnborn;
  return isRight ? [] : [`${seen.name} is said to have ended with ${seen.code}, and meant ${end.code}`];
}

/** Every line that its program has noted is in the log, in order; what has been seen there once, stays. */
export async function linesLost(world: CliWorld, subject: Subject): Promise<string[]> {
  const { said } = readNotes(world.root, subject.tag);
  const { status, stdout, stderr } = await world.sampan('logs', subject.id);
  if (status !== 0) return stderr.includes('No such container') ? [] : [`logs of ${subject.tag}: ${stderr}`];
  const logged = linesOfRuns(stdout);
  const wrong = [...said].flatMap(([run, noted]) => {
    const least = subject.torn.has(run) ? (subject.seen.get(run) ?? 0) : noted;
    const found = logged.get(run) ?? 0;
    return found >= least ? [] : [`log of ${subject.tag}, run ${run}: ${found} lines of ${noted}, ${least} at least`];
  });
  if (wrong.length === 0) subject.seen = logged;
  return wrong;
}
