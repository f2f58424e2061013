/**
 * As much of YAML 1.2 as settings are written in: mappings and sequences in block and flow style, all scalars, comments.
 * One document. Anchors, aliases, tags and keys that are no scalars are refused. A number with a leading zero is octal,
 * as in YAML 1.1: that is how modes of files are written.
 */
import { Fault } from './fault.ts';
import { blockScalar, type Lines } from './yaml-block-scalar.ts';
import { endOfFlow, flowValue, keyOf, plainValue, withoutComment } from './yaml-flow.ts';

interface Line {
  indent: number;
  /** Without the indentation. */
  text: string;
}

/** Throws `invalid`, and says which line. */
export function parseYaml(text: string): unknown {
  const lines: Lines = { all: text.replace(/^\ufeff/, '').split(/\r?\n/), at: 0 };
  try {
    while (/^(%.*|\s*(#.*)?)$/.test(lines.all[lines.at] ?? 'x')) lines.at += 1;
    const start = /^---(?:\s+(.*))?$/.exec(lines.all[lines.at] ?? '');
    if (start !== null) lines.all[lines.at] = start[1] ?? '';
    const value = node(lines, 0);
    const rest = next(lines);
    if (rest !== undefined && rest.text !== '...') throw new Error(`"${rest.text}" is not expected here`);
    return value;
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault('invalid', `line ${lines.at + 1}: ${(cause as Error).message}`);
  }
}

/** The next line that says something; it stays the next one. */
function next(lines: Lines): Line | undefined {
  for (; lines.at < lines.all.length; lines.at += 1) {
    const line = lines.all[lines.at] ?? '';
    const text = line.trimStart();
    if (text === '' || text.startsWith('#')) continue;
    const before = line.slice(0, line.length - text.length);
    if (before.includes('\t')) throw new Error('a tab stands where blanks are expected');
    return { indent: before.length, text: text.trimEnd() };
  }
  return undefined;
}

const isItem = (text: string): boolean => text === '-' || text.startsWith('- ');

/** What stands at least so far to the right; null when there is nothing. */
function node(lines: Lines, least: number): unknown {
  const line = next(lines);
  if (line === undefined || line.indent < least || line.text === '...') return null;
  if (isItem(line.text)) return sequence(lines, line.indent);
  if (keyOf(line.text) !== undefined) return mapping(lines, line.indent);
  lines.at += 1;
  return inline(lines, line.text, least - 1);
}

function sequence(lines: Lines, indent: number): unknown[] {
  const items: unknown[] = [];
  for (let line = next(lines); line?.indent === indent && isItem(line.text); line = next(lines)) {
    // What stands behind the dash begins a node of its own, that far to the right.
    const rest = line.text.slice(1).trimStart();
    const scalar = blockScalar(lines, rest, indent);
    if (scalar !== undefined) {
      items.push(scalar);
      continue;
    }
    lines.all[lines.at] = ' '.repeat(indent + line.text.length - rest.length) + rest;
    items.push(node(lines, indent + 1));
  }
  return items;
}

function mapping(lines: Lines, indent: number): Record<string, unknown> {
  const entries = new Map<string, unknown>();
  for (let line = next(lines); line?.indent === indent; line = next(lines)) {
    const found = keyOf(line.text);
    if (found === undefined) break;
    if (entries.has(found.key)) throw new Error(`"${found.key}" is there twice`);
    entries.set(found.key, valueOf(lines, withoutComment(found.rest), indent));
  }
  const line = next(lines);
  if (line !== undefined && line.indent > indent) throw new Error(`"${line.text}" stands too far to the right`);
  return Object.fromEntries(entries);
}

function valueOf(lines: Lines, rest: string, indent: number): unknown {
  const scalar = blockScalar(lines, rest, indent);
  if (scalar !== undefined) return scalar;
  lines.at += 1;
  if (rest !== '') return inline(lines, rest, indent);
  const below = next(lines);
  // A sequence may stand as far to the left as the key that it belongs to.
  if (below !== undefined && below.indent === indent && isItem(below.text)) return sequence(lines, indent);
  return node(lines, indent + 1);
}

/** A value that begins within a line and may go on in those below, which stand further to the right than `indent`. */
function inline(lines: Lines, first: string, indent: number): unknown {
  const begun = lines.at - 1;
  try {
    return inlineValue(lines, first, indent);
  } catch (error) {
    lines.at = begun;
    throw error;
  }
}

function inlineValue(lines: Lines, first: string, indent: number): unknown {
  if (/^["'[{]/.test(first)) {
    // In quotes, a # is what it is.
    const read = /^["']/.test(first) ? (line: string) => line : withoutComment;
    let text = read(first);
    for (; endOfFlow(text) === undefined; lines.at += 1) {
      if (lines.at >= lines.all.length) throw new Error(`"${first}" has no end`);
      text += ` ${read((lines.all[lines.at] ?? '').trim())}`;
    }
    return flowValue(text);
  }
  let text = withoutComment(first);
  for (let line = next(lines); line !== undefined && line.indent > indent; line = next(lines)) {
    if (keyOf(line.text) !== undefined) throw new Error(`"${line.text}" is not expected here`);
    text += ` ${withoutComment(line.text)}`;
    lines.at += 1;
  }
  return plainValue(text);
}
