import { TemplateError } from './problem.ts';

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/g;

/** The value of a literal as Go writes them: a quotation, a raw one, a character (its number) or a number. */
export function unquote(word: string, at: number): string | number {
  if (word.startsWith('`')) return word.slice(1, -1);
  if (word.startsWith('"')) return unescape(word.slice(1, -1), at);
  if (!word.startsWith("'")) return Number(word.replaceAll('_', ''));
  const [character = '', more] = unescape(word.slice(1, -1), at);
  if (more !== undefined) throw new TemplateError(at, `${word} is not one character`);
  return character.codePointAt(0) ?? 0;
}

function unescape(text: string, at: number): string {
  return text.replace(ESCAPE, (whole, hex?: string, short?: string, long?: string, octal?: string, simple?: string) => {
    const code = hex ?? short ?? long;
    if (code !== undefined) return String.fromCodePoint(parseInt(code, 16));
    if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8));
    const found = SIMPLE[simple ?? ''];
    if (found === undefined) throw new TemplateError(at, `"${whole}" is no escape`);
    return found;
  });
}
