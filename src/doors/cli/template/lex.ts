import { TemplateError } from './problem.ts';
import { unquote } from './unquote.ts';

export type TokenKind = 'field' | 'variable' | 'literal' | 'word' | 'mark';

export interface Token {
  kind: TokenKind;
  /** As it is written. */
  text: string;
  /** Of a literal. */
  value?: string | number;
  at: number;
  /** No space stands before it. */
  glued: boolean;
}

export type Piece = { kind: 'text'; text: string } | { kind: 'action'; tokens: Token[]; at: number };

const OPEN = '{{';
const COMMENT = /^\{\{(-\s+)?\/\*[^]*?\*\/(\s+-)?\}\}/;

/** Text and actions in turns; `{{- ` and ` -}}` have taken the spaces beside them away, and comments are gone. */
export function lexTemplate(text: string): Piece[] {
  const pieces: Piece[] = [];
  let [at, trims] = [0, false];
  while (at <= text.length) {
    const open = text.indexOf(OPEN, at);
    const plain = text.slice(at, open === -1 ? text.length : open);
    const trimsEnd = open !== -1 && /^\{\{-\s/.test(text.slice(open));
    const kept = trimmed(plain, trims, trimsEnd);
    if (kept !== '') pieces.push({ kind: 'text', text: kept });
    if (open === -1) return pieces;
    const comment = COMMENT.exec(text.slice(open));
    if (comment !== null) {
      [at, trims] = [open + comment[0].length, comment[2] !== undefined];
      continue;
    }
    const lexed = lexAction(text, open + OPEN.length + (trimsEnd ? 1 : 0));
    pieces.push({ kind: 'action', tokens: lexed.tokens, at: open });
    [at, trims] = [lexed.end, lexed.trims];
  }
  return pieces;
}

function trimmed(text: string, start: boolean, end: boolean): string {
  const left = start ? text.replace(/^\s+/, '') : text;
  return end ? left.replace(/\s+$/, '') : left;
}

/** By their beginnings; the first that fits. */
const TOKENS: readonly (readonly [RegExp, TokenKind])[] = [
  [/^"(?:[^"\\\n]|\\.)*"/, 'literal'],
  [/^`[^`]*`/, 'literal'],
  [/^'(?:[^'\\\n]|\\.)+'/, 'literal'],
  [/^[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/, 'literal'],
  [/^\.[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*/u, 'field'],
  [/^\$[\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*/u, 'variable'],
  [/^[\p{L}_][\p{L}\p{N}_]*/u, 'word'],
  [/^(?::=|[.()|,=])/, 'mark'],
];

function lexAction(text: string, start: number): { tokens: Token[]; end: number; trims: boolean } {
  const tokens: Token[] = [];
  let at = start;
  for (;;) {
    const space = /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
    const rest = text.slice(at + space);
    const close = /^-?\}\}/.exec(rest);
    // A minus of its own needs a space before it, or it is the sign of something.
    if (close !== null && (close[0] === '}}' || space > 0)) {
      return { tokens, end: at + space + close[0].length, trims: close[0] !== '}}' };
    }
    at += space;
    if (at >= text.length) throw new TemplateError(start - OPEN.length, 'an action has no "}}"');
    const [word, kind] = nextToken(rest, at);
    const value = kind === 'literal' ? { value: unquote(word, at) } : {};
    tokens.push({ kind, text: word, ...value, at, glued: space === 0 && tokens.length > 0 });
    at += word.length;
  }
}

function nextToken(rest: string, at: number): readonly [string, TokenKind] {
  for (const [pattern, kind] of TOKENS) {
    const word = pattern.exec(rest)?.[0];
    if (word !== undefined) return [word, kind];
  }
  if (/^["'`]/.test(rest)) throw new TemplateError(at, 'a quotation has no end');
  throw new TemplateError(at, `unexpected "${Array.from(rest)[0] ?? ''}"`);
}
