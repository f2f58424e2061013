import { show } from './print.ts';
import { isObject, sortedEntries, typeName } from './values.ts';

const VERB = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([a-zA-Z%])?/g;

interface Directive {
  flags: string;
  width: number | undefined;
  precision: number | undefined;
}

type Verb = (value: unknown, directive: Directive) => string | undefined;

const integer =
  (radix: number, upper = false): Verb =>
  (value, directive) => {
    if (typeof value === 'string' && radix === 16) {
      const hex = Buffer.from(value).toString('hex');
      return upper ? hex.toUpperCase() : hex;
    }
    if (typeof value !== 'number' || !Number.isInteger(value)) return undefined;
    const digits = Math.abs(value)
      .toString(radix)
      .padStart(directive.precision ?? 1, '0');
    const prefix = directive.flags.includes('#') ? ({ 8: '0', 16: '0x' }[radix] ?? '') : '';
    return signed(value, `${prefix}${digits}`, directive)[upper ? 'toUpperCase' : 'toString']();
  };

const real =
  (write: (value: number, precision: number | undefined) => string): Verb =>
  (value, directive) =>
    typeof value === 'number' ? signed(value, write(Math.abs(value), directive.precision), directive) : undefined;

/** Exponents have two digits at least. */
const exponent = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2');

/** Undefined when the value is of another type. */
const VERBS: Readonly<Record<string, Verb>> = {
  v: (value, { flags }) => (flags.includes('#') ? source(value) : show(value)),
  s: (value, { precision }) => {
    if (typeof value === 'number' || typeof value === 'boolean') return undefined;
    const text = show(value);
    return precision === undefined ? text : Array.from(text).slice(0, precision).join('');
  },
  q: (value) => {
    if (typeof value === 'string') return JSON.stringify(value);
    if (Array.isArray(value)) return `[${value.map((one) => JSON.stringify(show(one))).join(' ')}]`;
    return typeof value === 'number' ? `'${String.fromCodePoint(value)}'` : undefined;
  },
  d: integer(10),
  x: integer(16),
  X: integer(16, true),
  o: integer(8),
  b: integer(2),
  t: (value) => (typeof value === 'boolean' ? String(value) : undefined),
  c: (value) => (typeof value === 'number' ? String.fromCodePoint(value) : undefined),
  U: (value) => (typeof value === 'number' ? `U+${value.toString(16).toUpperCase().padStart(4, '0')}` : undefined),
  T: (value) => typeName(value),
  f: real((value, precision = 6) => value.toFixed(precision)),
  F: real((value, precision = 6) => value.toFixed(precision)),
  e: real((value, precision = 6) => exponent(value.toExponential(precision))),
  g: real((value, precision) =>
    precision === undefined ? String(value) : String(Number(value.toPrecision(precision))),
  ),
};

function signed(value: number, digits: string, { flags }: Directive): string {
  const plus = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return `${value < 0 ? '-' : plus}${digits}`;
}

/** As Go's source would have it. */
function source(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `${typeName(value)}{${value.map(source).join(', ')}}`;
  if (!isObject(value)) return show(value);
  const entries = sortedEntries(value).map(([key, one]) => `${JSON.stringify(key)}:${source(one)}`);
  return `${typeName(value)}{${entries.join(', ')}}`;
}

/** Go's printf, mistakes told as it tells them. */
export function printf(format: string, ...values: unknown[]): string {
  let next = 0;
  const star = (text: string | undefined): number | undefined =>
    text === '*' ? Number(values[next++]) : text === undefined ? undefined : Number(text);
  const text = format.replace(VERB, (whole, flags: string, width?: string, precision?: string, verb?: string) => {
    if (verb === '%') return '%';
    if (verb === undefined) return '%!(NOVERB)';
    const given = star(width);
    const places = star(precision) ?? (whole.includes('.') ? 0 : undefined);
    if (next >= values.length) return `%!${verb}(MISSING)`;
    const value = values[next++];
    const directive = { flags, width: given, precision: places };
    const write = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
    const written = write?.(value, directive);
    return written === undefined ? wrong(verb, value) : padded(written, directive, value);
  });
  if (next >= values.length) return text;
  const extra = values.slice(next).map((value) => `${typeName(value)}=${show(value)}`);
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

const wrong = (verb: string, value: unknown): string =>
  value === null || value === undefined ? `%!${verb}(<nil>)` : `%!${verb}(${typeName(value)}=${show(value)})`;

function padded(text: string, { flags, width }: Directive, value: unknown): string {
  const room = Math.max((width ?? 0) - Array.from(text).length, 0);
  if (flags.includes('-')) return text + ' '.repeat(room);
  if (!flags.includes('0') || typeof value !== 'number') return ' '.repeat(room) + text;
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(room) + text.slice(sign.length);
}
