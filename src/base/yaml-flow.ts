/** Values within a line: keys, scalars, and what stands in brackets. */

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\u0007',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\u001b',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
};
const CODES: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The text was at its end before the value was. */
class Unfinished extends Error {}

interface Cursor {
  text: string;
  at: number;
}

/** `key: rest`; undefined when a line does not begin with a key. */
export function keyOf(text: string): { key: string; rest: string } | undefined {
  if (/^\?(\s|$)/.test(text)) throw new Error('a key must be a text');
  const quoted = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*:(?:\s+|$)(.*)$/.exec(text);
  if (quoted !== null) return { key: String(flowValue(quoted[1] ?? '')), rest: quoted[2] ?? '' };
  if (/^["'[{]/.test(text)) return undefined;
  const plain = /^(.*?)\s*:(?:\s+(.*))?$/.exec(withoutComment(text));
  if (plain === null) return undefined;
  return { key: String(plainValue(plain[1] ?? '', true)), rest: plain[2] ?? '' };
}

/** A # begins a comment behind a blank only, and in no quotes. */
export function withoutComment(text: string): string {
  const match = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|(?<!\s)#|[^#])*/.exec(/^\s*#/.test(text) ? '' : text);
  return (match?.[0] ?? text).trimEnd();
}

const NUMBERS: readonly (readonly [RegExp, (text: string) => number])[] = [
  [/^[-+]?(0|[1-9]\d*)$/, Number],
  [/^0x[0-9a-fA-F]+$/, Number],
  [/^0o?[0-7]+$/, (text) => Number.parseInt(text.replace('o', ''), 8)],
  [/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/, Number],
  [/^[-+]?\.(inf|Inf|INF)$/, (text) => (text.startsWith('-') ? -Infinity : Infinity)],
];

/** A scalar without quotes; as a key it is always a text. */
export function plainValue(text: string, isKey = false): unknown {
  if (/^[&*!|>%@`]/.test(text)) throw new Error(`"${text}": anchors, aliases and tags are not read`);
  if (isKey) return text;
  if (/^(|~|null|Null|NULL)$/.test(text)) return null;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  const found = NUMBERS.find(([shape]) => shape.test(text));
  return found === undefined ? text : found[1](text);
}

/** Where the quoted or bracketed value ends that the text begins with; undefined when that is not in it. */
export function endOfFlow(text: string): number | undefined {
  const cursor = { text, at: 0 };
  try {
    value(cursor, false);
    return cursor.at;
  } catch (error) {
    if (error instanceof Unfinished) return undefined;
    throw error;
  }
}

/** One whole value; only a comment may stand behind it. */
export function flowValue(text: string): unknown {
  const cursor = { text, at: 0 };
  const found = value(cursor, false);
  const rest = text.slice(cursor.at);
  if (!/^\s*(\s#.*)?$/.test(rest)) throw new Error(`"${rest.trim()}" is not expected here`);
  return found;
}

function value(cursor: Cursor, inFlow: boolean): unknown {
  skipBlanks(cursor);
  const sign = cursor.text[cursor.at];
  if (sign === undefined) throw new Unfinished();
  if (sign === '"') return doubleQuoted(cursor);
  if (sign === "'") return singleQuoted(cursor);
  if (sign === '[') return list(cursor);
  if (sign === '{') return table(cursor);
  const text = take(cursor, inFlow ? plainEnd(cursor) : cursor.text.length).trim();
  if (text === '') throw new Error('a value is missing');
  return plainValue(text);
}

/** A plain scalar in brackets ends before a comma, a bracket, or a colon with a blank behind it. */
function plainEnd({ text, at }: Cursor): number {
  const rest = text.slice(at);
  const end = /[,[\]{}]|:(?=[\s,[\]{}]|$)|\s#/.exec(rest);
  return end === null ? text.length : at + end.index;
}

function list(cursor: Cursor): unknown[] {
  const items: unknown[] = [];
  cursor.at += 1;
  for (;;) {
    if (taken(cursor, ']')) return items;
    items.push(value(cursor, true));
    if (!taken(cursor, ',') && !ahead(cursor, ']')) throw new Error('"," or "]" is missing');
  }
}

function table(cursor: Cursor): Record<string, unknown> {
  const entries = new Map<string, unknown>();
  cursor.at += 1;
  for (;;) {
    if (taken(cursor, '}')) return Object.fromEntries(entries);
    const key = String(value(cursor, true));
    entries.set(key, taken(cursor, ':') ? value(cursor, true) : null);
    if (!taken(cursor, ',') && !ahead(cursor, '}')) throw new Error('"," or "}" is missing');
  }
}

function doubleQuoted(cursor: Cursor): string {
  const match = /"((?:[^"\\]|\\[^])*)"/y;
  match.lastIndex = cursor.at;
  const found = match.exec(cursor.text);
  if (found === null) throw new Unfinished();
  cursor.at = match.lastIndex;
  return (found[1] ?? '').replace(/\\(?:x(..)|u(.{4})|U(.{8})|([^]))/g, (_, two, four, eight, sign: string) => {
    const code = (two ?? four ?? eight) as string | undefined;
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    if (sign in CODES) throw new Error(`"\\${sign}" is no sign`);
    return ESCAPES[sign] ?? sign;
  });
}

function singleQuoted(cursor: Cursor): string {
  const match = /'((?:[^']|'')*)'(?!')/y;
  match.lastIndex = cursor.at;
  const found = match.exec(cursor.text);
  if (found === null) throw new Unfinished();
  cursor.at = match.lastIndex;
  return (found[1] ?? '').replaceAll("''", "'");
}

function skipBlanks(cursor: Cursor): void {
  while (/\s/.test(cursor.text[cursor.at] ?? 'x')) cursor.at += 1;
}

/** Whether the sign is next, behind blanks. */
function ahead(cursor: Cursor, sign: string): boolean {
  skipBlanks(cursor);
  if (cursor.at >= cursor.text.length) throw new Unfinished();
  return cursor.text[cursor.at] === sign;
}

function taken(cursor: Cursor, sign: string): boolean {
  if (!ahead(cursor, sign)) return false;
  cursor.at += 1;
  return true;
}

function take(cursor: Cursor, end: number): string {
  const text = cursor.text.slice(cursor.at, end);
  cursor.at = end;
  return text;
}
