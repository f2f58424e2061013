import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomId } from '#base/ids.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { readInit } from './state.ts';

/** A program that was started in a running container, for the events. */
export interface ExecRecord {
  id: string;
  /** Where its status is written when nobody waits for it. */
  exitFile?: string;
}

interface Row {
  id: string;
  container: string;
  started: number;
}

/** One whose keeper was killed never says how it ended. */
const PATIENCE_MS = 60_000;

const exitFileOf = (engine: Pick<Engine, 'root'>, { id, container }: Pick<Row, 'id' | 'container'>): string =>
  join(containerDirectory(engine.root, container), `exec.${id}`);

/** Before it is started. */
export function newExec(engine: Engine, record: ContainerRecord, detach: boolean): ExecRecord {
  const id = randomId();
  if (!detach) return { id };
  const exitFile = exitFileOf(engine, { id, container: record.id });
  writeFileSync(exitFile, '', { mode: 0o600 });
  return { id, exitFile };
}

export function noteExecStart(
  engine: Engine,
  record: ContainerRecord,
  { id, exitFile }: ExecRecord,
  command: string,
): void {
  const attributes = { execID: id };
  engine.database.transaction(() => {
    if (exitFile !== undefined)
      engine.database.run('INSERT INTO exec (id, container, started) VALUES (?, ?, ?)', id, record.id, Date.now());
    noteContainer(engine, record, `exec_create: ${command}`, { attributes });
    noteContainer(engine, record, `exec_start: ${command}`, { attributes });
  });
}

/** It has ended before our eyes, or (`detached`) somebody has left it to itself. */
export function noteExecEnd(
  engine: Engine,
  record: ContainerRecord,
  { id }: ExecRecord,
  end: { code: number } | 'detached',
): void {
  if (end === 'detached') noteContainer(engine, record, 'exec_detach', { attributes: { execID: id } });
  else noteContainer(engine, record, 'exec_die', { attributes: { execID: id, exitCode: String(end.code) } });
}

/** A detached one could not be started. */
export function forgetExec({ database }: Engine, { id, exitFile }: ExecRecord): void {
  if (exitFile === undefined) return;
  database.run('DELETE FROM exec WHERE id = ?', id);
  rmSync(exitFile, { force: true });
}

/** Tells the ends of detached ones, each once. */
export function takeExecEnds(engine: Engine): void {
  const { database } = engine;
  for (const row of database.all<Row>('SELECT id, container, started FROM exec')) {
    const path = exitFileOf(engine, row);
    const text = read(path);
    const [, code = '', nanoseconds = ''] = /^(\d+) (\d+)\n$/.exec(text ?? '') ?? [];
    const record = engine.containers.get(row.container);
    if (code === '' && text !== undefined && mayGoOn(engine, row)) continue;
    database.transaction(() => {
      if (database.run('DELETE FROM exec WHERE id = ?', row.id).changes === 0 || code === '' || record === undefined)
        return;
      const attributes = { execID: row.id, exitCode: code };
      noteContainer(engine, record, 'exec_die', { attributes, time: Number(nanoseconds.slice(0, -6)) });
    });
    rmSync(path, { force: true });
  }
}

/** In the run of the container that it was started in; its keeper may take a moment to see that over. */
function mayGoOn({ root }: Engine, { container, started }: Row): boolean {
  const init = readInit(containerDirectory(root, container));
  return (init?.alive === true && init.since <= started) || Date.now() - started < PATIENCE_MS;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
