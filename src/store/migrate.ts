import type { DatabaseSync } from 'node:sqlite';
import { Fault } from '#base/fault.ts';

/** A change of the schema that is made once. Its id never changes and is never used again. */
export interface Migration {
  id: string;
  /** One or more statements. */
  sql: string;
}

const BOOKKEEPING = 'CREATE TABLE IF NOT EXISTS migration (id TEXT PRIMARY KEY, applied INTEGER NOT NULL) STRICT';
const SQLITE_BUSY_ATTEMPTS = 200;

/**
 * Brings the schema up to date. `user_version` holds a checksum of the applied ids, so that an up-to-date database
 * costs one query; whoever finds it different takes the write lock, looks again and applies what is missing.
 */
export function migrate(connection: DatabaseSync, migrations: readonly Migration[]): void {
  const wanted = checksum(migrations);
  if (userVersion(connection) === wanted) return;
  enterWalMode(connection);
  connection.exec('BEGIN IMMEDIATE');
  try {
    if (userVersion(connection) !== wanted) applyMissing(connection, migrations, wanted);
    connection.exec('COMMIT');
  } catch (error) {
    connection.exec('ROLLBACK');
    throw error;
  }
}

function applyMissing(connection: DatabaseSync, migrations: readonly Migration[], version: number): void {
  connection.exec(BOOKKEEPING);
  const applied = new Set(
    connection
      .prepare('SELECT id FROM migration')
      .all()
      .map((row) => String(row['id'])),
  );
  for (const { id } of migrations) applied.delete(id);
  const [unknown] = applied;
  if (unknown !== undefined) {
    throw new Fault('unsupported', `open the database: its migration "${unknown}" is not known here`, {
      hint: 'A newer sampan has used this root. Use that version, or another root.',
    });
  }
  const record = connection.prepare('INSERT OR IGNORE INTO migration (id, applied) VALUES (?, ?)');
  for (const { id, sql } of migrations) {
    if (record.run(id, Date.now()).changes > 0) connection.exec(sql);
  }
  connection.exec(`PRAGMA user_version = ${version}`);
}

/** The switch to WAL needs the file alone and is refused at once, without the busy time-out, while another makes it. */
function enterWalMode(connection: DatabaseSync): void {
  for (let attempt = 1; ; attempt++) {
    try {
      connection.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (cause) {
      if (attempt === SQLITE_BUSY_ATTEMPTS) throw new Fault('unavailable', 'switch the database to WAL', { cause });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

function userVersion(connection: DatabaseSync): number {
  return Number(connection.prepare('PRAGMA user_version').get()?.['user_version']);
}

/** FNV-1a over the ids, kept positive and away from 0, the version of a new file. */
function checksum(migrations: readonly Migration[]): number {
  let hash = 0x811c9dc5;
  for (const char of migrations.map(({ id }) => `${id}\n`).join('')) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  }
  return (hash >>> 1) | 1;
}
