/** As much of node:sqlite as the store uses. */
import { host } from './host.ts';

type Value = string | number | bigint | null | Uint8Array;
type Row = Record<string, unknown>;

export class StatementSync {
  readonly #connection: number;
  readonly #statement: number;

  constructor(connection: number, sql: string) {
    this.#connection = connection;
    this.#statement = host.sqlPrepare(connection, sql);
  }

  all(...values: Value[]): Row[] {
    return host.sqlQuery(this.#statement, values).map(withBytes);
  }

  get(...values: Value[]): Row | undefined {
    return this.all(...values)[0];
  }

  run(...values: Value[]): { changes: number; lastInsertRowid: number } {
    host.sqlQuery(this.#statement, values);
    const [changes = 0, lastInsertRowid = 0] = host.sqlChanged(this.#connection);
    return { changes, lastInsertRowid };
  }
}

function withBytes(row: Row): Row {
  for (const [name, value] of Object.entries(row)) {
    if (value instanceof ArrayBuffer) row[name] = new Uint8Array(value);
  }
  return row;
}

export class DatabaseSync {
  readonly #connection: number;

  constructor(path: string) {
    this.#connection = host.sqlOpen(path);
  }

  exec(sql: string): void {
    host.sqlExecute(this.#connection, sql);
  }

  prepare(sql: string): StatementSync {
    return new StatementSync(this.#connection, sql);
  }

  close(): void {
    host.sqlClose(this.#connection);
  }
}
