import { typeName } from './values.ts';

/** Throws an Error that says why the two cannot be compared. */
function comparable(a: unknown, b: unknown): void {
  const [first, second] = [basic(a), basic(b)];
  if (first !== second) throw new Error('the types cannot be compared');
}

/** Numbers of both kinds are one; lists and maps have no order and no equality. */
function basic(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (['string', 'number', 'boolean'].includes(typeof value)) return typeof value;
  throw new Error(`a value of the type ${typeName(value)} cannot be compared`);
}

function equal(a: unknown, b: unknown): boolean {
  // Anything can be asked whether it is there.
  if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null);
  comparable(a, b);
  return a === b;
}

function less(a: unknown, b: unknown): boolean {
  comparable(a, b);
  if (typeof a === 'string') return a < (b as string);
  if (typeof a === 'number') return a < (b as number);
  throw new Error(`values of the type ${typeName(a)} have no order`);
}

/** `eq` takes any number of others, and asks whether it is one of them. */
export const COMPARISONS: Readonly<Record<string, (...values: unknown[]) => boolean>> = {
  eq: (first, ...others) => {
    if (others.length === 0) throw new Error('there is nothing to compare with');
    return others.some((other) => equal(first, other));
  },
  ne: (a, b) => !equal(a, b),
  lt: less,
  le: (a, b) => less(a, b) || equal(a, b),
  gt: (a, b) => !less(a, b) && !equal(a, b),
  ge: (a, b) => !less(a, b),
};
