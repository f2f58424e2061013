import { Fault } from '#base/fault.ts';
import type { Variant } from './dbus-value.ts';

/** Words that give a number its type, as GVariant's text form has them. */
const TYPES: Readonly<Record<string, string>> = {
  boolean: 'b',
  byte: 'y',
  int16: 'n',
  uint16: 'q',
  int32: 'i',
  uint32: 'u',
  int64: 'x',
  uint64: 't',
  double: 'd',
  string: 's',
  objectpath: 'o',
  signature: 'g',
};

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  y: [0n, 255n],
  n: [-(1n << 15n), (1n << 15n) - 1n],
  q: [0n, (1n << 16n) - 1n],
  i: [-(1n << 31n), (1n << 31n) - 1n],
  u: [0n, (1n << 32n) - 1n],
  x: [-(1n << 63n), (1n << 63n) - 1n],
  t: [0n, (1n << 64n) - 1n],
};

const TOKEN = /\s*(?:([[\],])|@(a?[a-z])(?=\s)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([A-Za-z0-9_.+-]+))/y;

interface Token {
  mark?: string;
  type?: string;
  quoted?: string;
  word?: string;
}

/**
 * A value in GVariant's text form: `true`, `-3`, `uint64 5`, `'text'`, `['a', 'b']`, `@as []`. A number without a type is an
 * int32 or, with a point, a double. Structures and dictionaries are not read. Throws `invalid` with the field.
 */
export function parseVariant(source: string, field: string): Variant {
  const tokens = tokenize(source, field);
  const value = parse(tokens, undefined, field);
  if (tokens.length > 0) fail(field, source);
  return value;
}

function parse(tokens: Token[], wanted: string | undefined, field: string): Variant {
  const token = tokens.shift() ?? fail(field, '');
  if (token.type !== undefined) return parse(tokens, token.type, field);
  if (token.mark === '[') return parseArray(tokens, wanted, field);
  if (token.quoted !== undefined) return { signature: wanted ?? 's', value: token.quoted };
  const named = TYPES[token.word ?? ''];
  if (named !== undefined) return parse(tokens, named, field);
  return scalar(token.word ?? fail(field, token.mark ?? ''), wanted, field);
}

function parseArray(tokens: Token[], wanted: string | undefined, field: string): Variant {
  let element = wanted?.startsWith('a') === true ? wanted.slice(1) : undefined;
  const value: unknown[] = [];
  while (tokens[0]?.mark !== ']') {
    const item = parse(tokens, element, field);
    element ??= item.signature;
    if (item.signature !== element) fail(field, 'an array of several types');
    value.push(item.value);
    if (tokens[0]?.mark === ',') tokens.shift();
    else if (tokens[0]?.mark !== ']') fail(field, 'an array without its end');
  }
  tokens.shift();
  if (element === undefined) fail(field, 'an empty array without a type: write @as []');
  return { signature: `a${element}`, value };
}

function scalar(word: string, wanted: string | undefined, field: string): Variant {
  if (word === 'true' || word === 'false') return { signature: 'b', value: word === 'true' };
  const signature = wanted ?? (/[.eE]/.test(word) ? 'd' : 'i');
  if (signature === 'd' && Number.isFinite(Number(word))) return { signature, value: Number(word) };
  const range = RANGES[signature];
  if (range === undefined || !/^[+-]?(\d+|0x[0-9a-fA-F]+)$/.test(word)) fail(field, word);
  const value = word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(word.replace(/^\+/, ''));
  if (value < range[0] || value > range[1]) fail(field, `${word}, which is out of range`);
  return { signature, value };
}

function tokenize(source: string, field: string): Token[] {
  const tokens: Token[] = [];
  const end = source.trimEnd().length;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < end;) {
    const match = TOKEN.exec(source);
    if (match === null) fail(field, source);
    const [, mark, type, single, double, word] = match;
    const quoted = (single ?? double)?.replace(/\\(.)/g, '$1');
    if (mark !== undefined) tokens.push({ mark });
    else if (type !== undefined) tokens.push({ type });
    else if (quoted !== undefined) tokens.push({ quoted });
    else if (word !== undefined) tokens.push({ word });
  }
  return tokens;
}

function fail(field: string, what: string): never {
  throw new Fault('invalid', `${field}: ${what === '' ? 'a value is missing' : `cannot read ${what}`}`, {
    field,
    hint: "Values are written as GVariant's text form has them: true, uint64 5, 'text', ['a', 'b'].",
  });
}
