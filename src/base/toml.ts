import { Fault } from './fault.ts';

export type TomlValue = string | boolean | number | TomlValue[] | TomlTable;
export interface TomlTable {
  [key: string]: TomlValue;
}

const BARE = /[A-Za-z0-9_-]+/y;
const BASIC = /"((?:[^"\\\n]|\\.)*)"/y;
const LITERAL = /'([^'\n]*)'/y;
const NUMBER = /[+-]?\d+(?![\d.:eE_-])/y;
const BLANK = /[ \t]*/y;
const BLANK_LINES = /(?:[ \t\r\n]|#[^\n]*)*/y;
const LINE_END = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '"': '"', '\\': '\\' };

/**
 * Reads the part of TOML that files of settings use: tables, lists of tables, texts on one line, whole numbers, truth
 * values, lists, tables on one line. What else there is, dates and texts over several lines, is refused: `invalid` with
 * the line. No tables have a prototype, so a key is never more than a key.
 */
export function parseToml(text: string): TomlTable {
  const reader = new Reader(text);
  const root = emptyTable();
  let table = root;
  for (reader.take(BLANK_LINES); !reader.atEnd; reader.take(BLANK_LINES)) {
    if (reader.skip('[[')) table = appendTable(reader, root, header(reader, ']]'));
    else if (reader.skip('[')) table = openTable(reader, root, header(reader, ']'));
    else assign(reader, table);
    if (reader.take(LINE_END) === undefined) reader.fail('there is something more on the line');
  }
  return root;
}

class Reader {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }
  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }
  /** The match of a sticky pattern here, passed over. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match ?? undefined;
  }
  skip(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }
  fail(what: string): never {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    throw new Fault('invalid', `line ${line}: ${what}`, { facts: { line } });
  }
}

function emptyTable(): TomlTable {
  return Object.create(null) as TomlTable;
}

function header(reader: Reader, end: string): string[] {
  const path = keyPath(reader);
  if (!reader.skip(end)) reader.fail(`"${end}" is missing`);
  return path;
}

function keyPath(reader: Reader): string[] {
  const path: string[] = [];
  do {
    reader.take(BLANK);
    path.push(reader.take(BARE)?.[0] ?? quoted(reader) ?? reader.fail('a key is missing'));
    reader.take(BLANK);
  } while (reader.skip('.'));
  return path;
}

function assign(reader: Reader, table: TomlTable): void {
  const path = keyPath(reader);
  if (!reader.skip('=')) reader.fail('"=" is missing');
  const key = path.pop() ?? '';
  const target = openTable(reader, table, path);
  if (key in target) reader.fail(`"${key}" is given twice`);
  target[key] = valueOf(reader);
}

/** The table at a path below another, made as far as it is missing; of a list of tables the last one. */
function openTable(reader: Reader, from: TomlTable, path: readonly string[]): TomlTable {
  let table = from;
  for (const key of path) {
    const found = (table[key] ??= emptyTable());
    const last = Array.isArray(found) ? found.at(-1) : found;
    if (typeof last !== 'object' || Array.isArray(last)) reader.fail(`"${key}" is no table`);
    table = last;
  }
  return table;
}

function appendTable(reader: Reader, root: TomlTable, path: string[]): TomlTable {
  const key = path.pop() ?? '';
  const parent = openTable(reader, root, path);
  const list = (parent[key] ??= []);
  if (!Array.isArray(list)) reader.fail(`"${key}" is no list of tables`);
  const table = emptyTable();
  list.push(table);
  return table;
}

function valueOf(reader: Reader): TomlValue {
  reader.take(BLANK);
  if (reader.skip('[')) return listOf(reader);
  if (reader.skip('{')) return inlineTable(reader);
  const text = quoted(reader);
  if (text !== undefined) return text;
  const number = reader.take(NUMBER)?.[0];
  if (number !== undefined) return Number(number);
  const word = reader.take(BARE)?.[0];
  return word === 'true' || (word !== 'false' && reader.fail('a value is missing, or of a kind that is not read here'));
}

function quoted(reader: Reader): string | undefined {
  const literal = reader.take(LITERAL)?.[1];
  const basic = literal ?? reader.take(BASIC)?.[1];
  if (literal !== undefined || basic === undefined) return literal;
  return basic.replaceAll(/\\(?:u([0-9A-Fa-f]{4})|(.))/g, (_, code: string | undefined, letter: string) =>
    code === undefined
      ? (ESCAPES[letter] ?? reader.fail(`"\\${letter}" stands for nothing`))
      : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function listOf(reader: Reader): TomlValue[] {
  const list: TomlValue[] = [];
  for (reader.take(BLANK_LINES); !reader.skip(']'); reader.take(BLANK_LINES)) {
    list.push(valueOf(reader));
    reader.take(BLANK_LINES);
    if (reader.skip(',')) continue;
    if (reader.skip(']')) return list;
    reader.fail('"," or "]" is missing');
  }
  return list;
}

function inlineTable(reader: Reader): TomlTable {
  const table = emptyTable();
  for (reader.take(BLANK); !reader.skip('}'); reader.take(BLANK)) {
    assign(reader, table);
    reader.take(BLANK);
    if (reader.skip(',')) continue;
    if (reader.skip('}')) return table;
    reader.fail('"," or "}" is missing');
  }
  return table;
}
