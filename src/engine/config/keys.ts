import { Fault } from '#base/fault.ts';
import { nearest } from '#base/nearest.ts';

export type Table = Readonly<Record<string, unknown>>;

/** A key that nobody reads is an error: it would be a setting that does nothing. */
export function checkKeys(table: string, value: Table, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const field = table === '' ? key : `${table}.${key}`;
    const meant = nearest(key, known);
    throw new Fault('invalid', `there is no setting "${field}"`, {
      field,
      hint: meant === undefined ? `There are: ${known.join(', ')}.` : `Is "${meant}" meant?`,
    });
  }
}

export function asTable(name: string, value: unknown): Table {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Table;
  throw new Fault('invalid', `"${name}" is no table`, { field: name, hint: `Write [${name}] on a line of its own.` });
}

/** Throws `invalid`; `wanted` says what would do, with an example. */
export function bad(field: string, value: unknown, wanted: string): Fault {
  return new Fault('invalid', `"${field}" is ${JSON.stringify(value)}`, { field, hint: `It must be ${wanted}.` });
}
