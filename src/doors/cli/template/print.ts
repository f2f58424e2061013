import { isObject, sortedEntries } from './values.ts';

/** As Go prints values: lists as `[a b]`, maps as `map[k:v]`. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`;
  if (!isObject(value)) return String(value);
  return `map[${sortedEntries(value)
    .map(([key, item]) => `${key}:${show(item)}`)
    .join(' ')}]`;
}

/** What an action prints: for what is not there it has words of its own. */
export const showResult = (value: unknown): string => (value === undefined ? '<no value>' : show(value));

/** A space between two values of which neither is a text. */
export function print(...values: unknown[]): string {
  return values
    .map((value, at) => {
      const apart = at > 0 && typeof value !== 'string' && typeof values[at - 1] !== 'string';
      return `${apart ? ' ' : ''}${show(value)}`;
    })
    .join('');
}
