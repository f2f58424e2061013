import { COMPARISONS } from './compare.ts';
import { print, show } from './print.ts';
import { printf } from './printf.ts';
import { isObject, isTrue, sortedEntries, toJson, typeName } from './values.ts';

/** Takes the least and the most values that it may; throws an Error that says what is wrong with them. */
export interface TemplateFunction {
  takes: readonly [number, number];
  call(...values: unknown[]): unknown;
}

const takes = (least: number, most: number, call: TemplateFunction['call']): TemplateFunction => ({
  takes: [least, most],
  call,
});
const one = (call: (value: unknown) => unknown): TemplateFunction => takes(1, 1, call);

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.from(value).length;
  if (Array.isArray(value)) return value.length;
  if (isObject(value)) return Object.keys(value).length;
  throw new Error(`a value of the type ${typeName(value)} has no length`);
}

function index(value: unknown, ...keys: unknown[]): unknown {
  return keys.reduce(indexOnce, value);
}

function indexOnce(at: unknown, key: unknown): unknown {
  if (Array.isArray(at) || typeof at === 'string') {
    if (typeof key !== 'number') throw new Error(`a list has no ${show(key)}`);
    const found: unknown = typeof at === 'string' ? Buffer.from(at)[key] : at[key];
    if (found === undefined) throw new Error(`the index ${key} is out of range`);
    return found;
  }
  if (!isObject(at)) throw new Error(`a value of the type ${typeName(at)} has no parts`);
  if (typeof key !== 'string') throw new Error('a map has names for its parts');
  return Object.hasOwn(at, key) ? at[key] : zeroOf(at);
}

/** What Go gives for a key that a map does not have. */
function zeroOf(map: Readonly<Record<string, unknown>>): unknown {
  const values = Object.values(map);
  if (values.some((value) => Array.isArray(value))) return [];
  return values.every((value) => typeof value === 'string') ? '' : undefined;
}

function slice(value: unknown, ...places: unknown[]): unknown {
  if (!Array.isArray(value) && typeof value !== 'string') {
    throw new Error(`a value of the type ${typeName(value)} has no parts`);
  }
  const whole = typeof value === 'string' ? Buffer.from(value) : value;
  const [from = 0, to = whole.length] = places.map(Number);
  if (!(from >= 0 && from <= to && to <= whole.length)) throw new Error(`${from} to ${to} is out of range`);
  const part = whole.slice(from, to);
  return part instanceof Uint8Array ? Buffer.from(part).toString() : part;
}

const HTML: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&#34;', "'": '&#39;' };

/** Go's own. `and` and `or` are not among them: what they need not look at is not looked at. */
const BUILT_IN: Readonly<Record<string, TemplateFunction>> = {
  not: one((value) => !isTrue(value)),
  len: one(length),
  index: takes(1, Infinity, index),
  slice: takes(1, 4, slice),
  print: takes(0, Infinity, print),
  printf: takes(1, Infinity, (format, ...values) => printf(show(format), ...values)),
  println: takes(0, Infinity, (...values) => `${values.map(show).join(' ')}\n`),
  html: takes(0, Infinity, (...values) => print(...values).replaceAll(/[<>&"']/g, (sign) => HTML[sign] ?? sign)),
  js: takes(0, Infinity, (...values) => JSON.stringify(print(...values)).slice(1, -1)),
  urlquery: takes(0, Infinity, (...values) => encodeURIComponent(print(...values)).replaceAll('%20', '+')),
  ...Object.fromEntries(
    Object.entries(COMPARISONS).map(([name, call]) => [
      name,
      takes(name === 'eq' ? 1 : 2, name === 'eq' ? Infinity : 2, call),
    ]),
  ),
};

/** Docker's. */
const DOCKERS: Readonly<Record<string, TemplateFunction>> = {
  json: one(toJson),
  lower: one((value) => show(value).toLowerCase()),
  upper: one((value) => show(value).toUpperCase()),
  title: one((value) => show(value).replaceAll(/(?<![\p{L}\p{N}_])\p{L}/gu, (letter) => letter.toUpperCase())),
  split: takes(2, 2, (text, separator) => show(text).split(show(separator))),
  join: takes(2, 2, (list, separator) => listOf(list).join(show(separator))),
  pad: takes(3, 3, (text, before, after) =>
    text === '' ? text : ' '.repeat(Number(before)) + show(text) + ' '.repeat(Number(after)),
  ),
  truncate: takes(2, 2, (text, most) => Array.from(show(text)).slice(0, Number(most)).join('')),
};

function listOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(show);
  return isObject(value) ? sortedEntries(value).map(([, item]) => show(item)) : [show(value)];
}

export type Functions = Readonly<Record<string, TemplateFunction>>;

export const FUNCTIONS: Functions = { ...BUILT_IN, ...DOCKERS };

/** Where a table's headings are made by the template of its rows, a heading stays what it is; that of a whole row is none. */
export const OF_HEADINGS: Functions = {
  ...FUNCTIONS,
  ...Object.fromEntries(
    ['json', 'lower', 'title', 'split', 'join', 'truncate', 'pad'].map((name) => [
      name,
      { ...DOCKERS[name], call: (value: unknown) => (isObject(value) ? '' : value) } as TemplateFunction,
    ]),
  ),
};

/** Those that end as soon as they know. */
export const LAZY: ReadonlySet<string> = new Set(['and', 'or']);
