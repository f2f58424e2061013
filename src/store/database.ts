import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Fault } from '#base/fault.ts';
import { migrate, type Migration } from './migrate.ts';

export type { Migration } from './migrate.ts';

export type Row = Record<string, unknown>;

/** One connection to the root's database. Its calls are synchronous; each costs microseconds. */
export interface Database {
  /** A compiled statement; the same text gives the same one. */
  prepare(sql: string): StatementSync;
  /** Rows of a query. */
  all<T extends object = Row>(sql: string, ...values: SQLInputValue[]): T[];
  /** The first row, if there is one. */
  get<T extends object = Row>(sql: string, ...values: SQLInputValue[]): T | undefined;
  /** Number of changed rows and the last row id. */
  run(sql: string, ...values: SQLInputValue[]): { changes: number; lastId: number };
  /**
   * Runs `work` between BEGIN IMMEDIATE and COMMIT; a throw rolls back and goes on. Inside another transaction of this
   * connection it joins that one. `work` must not await: SQLite would hold the lock over other work.
   */
  transaction<T>(work: () => T): T;
  /** The same, and the commit is on disk (fsync of the log) when this returns: for facts that are announced. */
  durably<T>(work: () => T): T;
  close(): void;
}

/** As long as it may take when hundreds are at work at once on a slow machine; the front also makes them queue. */
const BUSY_MS = 60_000;
const CONNECTION = `PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL;`;

/**
 * Opens (or makes) the database and applies the migrations it lacks. Several processes may do so at once.
 * Throws `unsupported` when a newer sampan has migrated it further, `unavailable` when it cannot be opened.
 */
export function openDatabase(path: string, migrations: readonly Migration[]): Database {
  const connection = connect(path);
  try {
    connection.exec(CONNECTION);
    migrate(connection, migrations);
  } catch (error) {
    connection.close();
    throw error;
  }
  return wrap(connection);
}

function connect(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path);
  } catch {
    // Most often the directory is missing, which a run on an existing root need not check for.
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  }
  try {
    return new DatabaseSync(path);
  } catch (cause) {
    throw new Fault('unavailable', `open the database ${path}`, { cause, facts: { path } });
  }
}

function wrap(connection: DatabaseSync): Database {
  const statements = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const made = connection.prepare(sql);
    statements.set(sql, made);
    return made;
  };
  let inside = false;
  const transaction = <T>(work: () => T): T => {
    if (inside) return work();
    connection.exec('BEGIN IMMEDIATE');
    inside = true;
    try {
      const result = work();
      connection.exec('COMMIT');
      return result;
    } catch (error) {
      rollback(connection);
      throw error;
    } finally {
      inside = false;
    }
  };
  return {
    prepare: statement,
    all: <T extends object>(sql: string, ...values: SQLInputValue[]) => statement(sql).all(...values) as T[],
    get: <T extends object>(sql: string, ...values: SQLInputValue[]) => statement(sql).get(...values) as T | undefined,
    run: (sql, ...values) => {
      const result = statement(sql).run(...values);
      return { changes: Number(result.changes), lastId: Number(result.lastInsertRowid) };
    },
    transaction,
    durably: (work) => {
      if (inside) throw new Fault('internal', 'make a transaction durable inside another one');
      connection.exec('PRAGMA synchronous = FULL');
      try {
        return transaction(work);
      } finally {
        connection.exec('PRAGMA synchronous = NORMAL');
      }
    },
    close: () => connection.close(),
  };
}

/** SQLite rolls some failures back by itself (a full disk); then there is nothing left to roll back. */
function rollback(connection: DatabaseSync): void {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // The first error is the one to report.
  }
}
