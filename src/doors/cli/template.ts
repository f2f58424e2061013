import { table } from './table.ts';
import { FUNCTIONS, LAZY, OF_HEADINGS } from './template/functions.ts';
import { parseNodes } from './template/parse.ts';
import { TemplateError, templateFault } from './template/problem.ts';
import { runTemplate } from './template/run.ts';

/** A template as Go's text/template has them, with docker's functions; what it prints of a value. */
export type Template = (value: unknown) => string;

const isFunction = (name: string): boolean => Object.hasOwn(FUNCTIONS, name) || LAZY.has(name);

/** Throws `invalid`, field `--format`, with the place; so does the template for values that it does not fit. */
export function parseTemplate(text: string, functions = FUNCTIONS): Template {
  const template = within(text, () => parseNodes(text, isFunction));
  return (value) => within(text, () => runTemplate(template, functions, value));
}

function within<T>(text: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof TemplateError ? templateFault(text, error) : error;
  }
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
  const text = unescapeText(asTable === null ? format : format.slice(asTable[0].length));
  const template = parseTemplate(text);
  if (asTable === null) return rows.map((row) => template(row));
  const cells = rows.map((row) => template(row).split('\t'));
  return [table(parseTemplate(text, OF_HEADINGS)(headings).split('\t'), cells)];
}

/** People write `\t` and `\n` in single quotes of the shell; within quotations Go reads them itself. */
function unescapeText(text: string): string {
  return text.replaceAll(
    /\{\{[^]*?\}\}|\\[tn]/g,
    (found) => ({ [String.raw`\t`]: '\t', [String.raw`\n`]: '\n' })[found] ?? found,
  );
}
