import { Fault } from '#base/fault.ts';
import { table } from './table.ts';

/**
 * As much of Go's templates as people write after `--format`: fields (`{{.Config.Cmd}}`, `{{.Label "name"}}`), `json`,
 * `lower`, `upper`, `title`, `split`, `join`, `truncate`, `pad`, `len`, `index`, `println`, pipes, `range`, `if`, `else`
 * and `end`.
 */
export type Template = (value: unknown) => string;

type Node = (dot: unknown, root: unknown) => string;
type Expression = (dot: unknown, root: unknown) => unknown;

type Functions = Readonly<Record<string, (...values: unknown[]) => unknown>>;

const FUNCTIONS: Functions = {
  json: (value) => JSON.stringify(value) ?? 'null',
  lower: (value) => show(value).toLowerCase(),
  upper: (value) => show(value).toUpperCase(),
  len: (value) => (typeof value === 'string' || Array.isArray(value) ? value.length : Object.keys(value ?? {}).length),
  join: (list, separator) => (Array.isArray(list) ? list.map(show).join(show(separator)) : show(list)),
  index: (value, ...keys) => keys.reduce((at, key) => field(at, show(key)), value),
  println: (...values) => `${values.map(show).join(' ')}\n`,
  title: (value) => show(value).replace(/(?<![\p{L}\p{N}_'])\p{L}/gu, (letter) => letter.toUpperCase()),
  split: (value, separator) => show(value).split(show(separator)),
  truncate: (value, length) => Array.from(show(value)).slice(0, Number(length)).join(''),
  pad: (value, before, after) =>
    value === '' ? value : `${' '.repeat(Number(before))}${show(value)}${' '.repeat(Number(after))}`,
};

/** A heading stays what it is; that of a whole row is none. */
const OF_HEADINGS: Functions = {
  ...FUNCTIONS,
  ...Object.fromEntries(
    ['json', 'lower', 'title', 'split', 'join', 'truncate', 'pad'].map((name) => [
      name,
      (value: unknown) => (typeof value === 'object' ? '' : value),
    ]),
  ),
};

/** Throws `invalid`, field `--format`. */
export function parseTemplate(text: string, functions = FUNCTIONS): Template {
  const tokens = unescapeText(text).split(/(\{\{-?[^]*?-?\}\})/);
  const [nodes, end] = parseNodes(tokens, 0, functions);
  if (end < tokens.length) throw bad(text, `"${tokens[end]}" closes nothing`);
  return (value) => nodes.map((node) => node(value, value)).join('');
}

/** Lines of `--format`: a template, `table TEMPLATE` with headings, or `json`; undefined for the command's own table. */
export function formatRows(
  format: string | undefined,
  rows: readonly Readonly<Record<string, unknown>>[],
  headings: Readonly<Record<string, unknown>>,
): string[] | undefined {
  if (format === undefined || format === 'table') return undefined;
  if (format === 'json') return rows.map((row) => JSON.stringify(row));
  const asTable = /^table\s+/.exec(format);
  const text = asTable === null ? format : format.slice(asTable[0].length);
  const template = parseTemplate(text);
  if (asTable === null) return rows.map((row) => template(row));
  const cells = rows.map((row) => template(row).split('\t'));
  return [table(parseTemplate(text, OF_HEADINGS)(headings).split('\t'), cells)];
}

function parseNodes(tokens: readonly string[], start: number, functions: Functions): [Node[], number] {
  const nodes: Node[] = [];
  for (let at = start; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    if (!/^\{\{[^]*\}\}$/.test(token)) {
      if (token.includes('{{')) throw bad(token, 'an action has no "}}"');
      nodes.push(() => token);
      continue;
    }
    const action = token.slice(2, -2).replace(/^-|-$/g, '').trim();
    if (/^(?:end|else)$/.test(action)) return [nodes, at];
    const block = /^(range|if)\s+([^]+)$/.exec(action);
    if (block === null) {
      const expression = parseExpression(action, functions);
      nodes.push((dot, root) => show(expression(dot, root)));
    } else {
      const [node, end] = parseBlock(
        { tokens, at, functions },
        block[1] ?? '',
        parseExpression(block[2] ?? '', functions),
      );
      nodes.push(node);
      at = end;
    }
  }
  return [nodes, tokens.length];
}

interface Place {
  tokens: readonly string[];
  at: number;
  functions: Functions;
}

function parseBlock({ tokens, at, functions }: Place, kind: string, over: Expression): [Node, number] {
  const action = (token: string | undefined): string => (token ?? '').replace(/[{}\s-]/g, '');
  let [body, end] = parseNodes(tokens, at + 1, functions);
  let other: Node[] = [];
  if (action(tokens[end]) === 'else') [other, end] = parseNodes(tokens, end + 1, functions);
  if (action(tokens[end]) !== 'end') throw bad(tokens[at] ?? '', `"${kind}" has no end`);
  const all = (nodes: readonly Node[], dot: unknown, root: unknown): string =>
    nodes.map((node) => node(dot, root)).join('');
  const run: Node = (dot, root) => {
    const value = over(dot, root);
    if (!isTrue(value)) return all(other, dot, root);
    if (kind === 'if') return all(body, dot, root);
    return Object.values(value as object)
      .map((item) => all(body, item, root))
      .join('');
  };
  return [run, end];
}

/** `f a b | g`: what stands before a bar is the last argument of what stands behind it. */
function parseExpression(text: string, functions: Functions): Expression {
  const stages = text.split('|').map((stage) => stage.trim().match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []);
  return (dot, root) => {
    let carried: unknown[] = [];
    for (const [first = '', ...rest] of stages) {
      const call = Object.hasOwn(functions, first) ? functions[first] : undefined;
      const words = call === undefined ? [first, ...rest] : rest;
      const values = [...words.map((word) => operand(word, dot, root, text)), ...carried];
      const [value, ...given] = values;
      if (call !== undefined) carried = [call(...values)];
      else if (isMethod(value)) carried = [value(...given.map(show))];
      else if (given.length > 0) throw bad(text, `there is no function "${first}"`);
      else carried = [value];
    }
    return carried[0];
  };
}

const isMethod = (value: unknown): value is (...words: string[]) => unknown => typeof value === 'function';

function operand(word: string, dot: unknown, root: unknown, text: string): unknown {
  if (word.startsWith('"')) return JSON.parse(word) as unknown;
  if (/^-?\d+$/.test(word)) return Number(word);
  const from = word.startsWith('$') ? root : dot;
  const path = word.replace(/^\$/, '');
  if (path === '' || path === '.') return from;
  if (!/^(?:\.[A-Za-z_]\w*)+$/.test(path)) throw bad(text, `"${word}" is no field and no function`);
  return path
    .slice(1)
    .split('.')
    .reduce((at: unknown, name) => needed(at, name, text), from);
}

function needed(at: unknown, name: string, text: string): unknown {
  if (at === null || at === undefined) return undefined;
  const found = field(at, name);
  if (found === undefined && !(typeof at === 'object' && Object.keys(at).every((key) => !/^[A-Z]/.test(key)))) {
    throw bad(text, `there is no field ${name}`);
  }
  return found;
}

function field(at: unknown, name: string): unknown {
  if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
  return (at as Record<string, unknown>)[name];
}

const isTrue = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);

/** As Go prints values: lists as `[a b]`, maps as `map[k:v]`, nothing as `<no value>`. */
function show(value: unknown): string {
  if (value === undefined || value === null) return '<no value>';
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  return `map[${Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${key}:${show(item)}`)
    .join(' ')}]`;
}

/** People write `\t` and `\n` in single quotes of the shell. */
function unescapeText(text: string): string {
  return text.replaceAll(String.raw`\t`, '\t').replaceAll(String.raw`\n`, '\n');
}

function bad(text: string, why: string): Fault {
  return new Fault('invalid', `read the format "${text}": ${why}`, { field: '--format' });
}
