import type { Token } from './lex.ts';
import type { Command, Operand, Pipe } from './nodes.ts';
import { TemplateError } from './problem.ts';

const KEYWORDS: ReadonlySet<string> = new Set('if else end range with define template block break continue'.split(' '));
const CONSTANTS: Readonly<Record<string, boolean>> = { true: true, false: false };

/** The words of one action, read from the left. */
export class Pipeline {
  readonly #tokens: readonly Token[];
  readonly #start: number;
  readonly #isFunction: (name: string) => boolean;
  #at = 0;

  constructor(tokens: readonly Token[], start: number, isFunction: (name: string) => boolean) {
    this.#tokens = tokens;
    this.#start = start;
    this.#isFunction = isFunction;
  }

  /** Takes the word of a control structure, if there is one. */
  keyword(): string | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'word' || !KEYWORDS.has(token.text)) return undefined;
    this.#at += 1;
    return token.text;
  }

  finish(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) throw this.#unexpected(token);
  }

  /** The name of a template. */
  name(): string {
    const token = this.#tokens[this.#at++];
    if (typeof token?.value !== 'string')
      throw new TemplateError(token?.at ?? this.#start, 'a name in quotes is missing');
    return token.value;
  }

  maybePipe(): Pipe | undefined {
    return this.#at < this.#tokens.length ? this.pipe() : undefined;
  }

  /** All that is left, with up to so many variables declared. */
  pipe(most = 1): Pipe {
    const pipe = this.#pipe(most);
    this.finish();
    return pipe;
  }

  #pipe(most: number): Pipe {
    const at = this.#tokens[this.#at]?.at ?? this.#start;
    const { variables, assigns } = this.#declaration(most);
    const commands = [this.#command()];
    while (this.#takes('|')) commands.push(this.#command());
    return { at, variables, assigns, commands };
  }

  #declaration(most: number): Pick<Pipe, 'variables' | 'assigns'> {
    const none = { variables: [], assigns: false };
    const begin = this.#at;
    const variables: string[] = [];
    do {
      const token = this.#tokens[this.#at];
      if (token?.kind !== 'variable' || token.text.includes('.')) break;
      variables.push(token.text);
      this.#at += 1;
    } while (variables.length < most && this.#takes(','));
    const mark = this.#tokens[this.#at];
    if (variables.length > 0 && mark?.kind === 'mark' && (mark.text === ':=' || mark.text === '=')) {
      this.#at += 1;
      return { variables, assigns: mark.text === '=' };
    }
    this.#at = begin;
    return none;
  }

  #takes(mark: string): boolean {
    const token = this.#tokens[this.#at];
    const found = token?.kind === 'mark' && token.text === mark;
    if (found) this.#at += 1;
    return found;
  }

  #command(): Command {
    const operands: Operand[] = [];
    for (let operand = this.#operand(); operand !== undefined; operand = this.#operand()) operands.push(operand);
    const [first, ...rest] = operands;
    const at = this.#tokens[this.#at]?.at ?? this.#tokens.at(-1)?.at ?? this.#start;
    if (first === undefined) throw new TemplateError(at, 'a value is missing');
    return { at: first.at, operands: [first, ...rest] };
  }

  /** Undefined at the end of a command. */
  #operand(): Operand | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || (token.kind === 'mark' && [')', '|'].includes(token.text))) return undefined;
    this.#at += 1;
    const operand = this.#plain(token);
    const next = this.#tokens[this.#at];
    if (operand.kind === 'pipe' && next?.kind === 'field' && next.glued) {
      this.#at += 1;
      return { ...operand, fields: fieldsOf(next.text) };
    }
    return operand;
  }

  #plain(token: Token): Operand {
    const { at, text } = token;
    if (token.value !== undefined) return { at, fields: [], kind: 'literal', value: token.value };
    if (token.kind === 'field') return { at, fields: fieldsOf(text), kind: 'dot' };
    if (token.kind === 'variable') {
      const [name = '$', ...fields] = text.split('.');
      return { at, fields, kind: 'variable', name };
    }
    if (token.kind === 'word') return this.#word(token);
    if (text === '.') return { at, fields: [], kind: 'dot' };
    if (text !== '(') throw this.#unexpected(token);
    const pipe = this.#pipe(0);
    if (!this.#takes(')')) throw new TemplateError(at, 'a "(" has no ")"');
    return { at, fields: [], kind: 'pipe', pipe };
  }

  #word({ at, text }: Token): Operand {
    if (text === 'nil') return { at, fields: [], kind: 'nil' };
    const constant = Object.hasOwn(CONSTANTS, text) ? CONSTANTS[text] : undefined;
    if (constant !== undefined) return { at, fields: [], kind: 'literal', value: constant };
    if (KEYWORDS.has(text)) throw new TemplateError(at, `"${text}" may not stand here`);
    if (!this.#isFunction(text)) throw new TemplateError(at, `there is no function "${text}"`);
    return { at, fields: [], kind: 'function', name: text };
  }

  #unexpected({ at, text }: Token): TemplateError {
    return new TemplateError(at, `unexpected "${text}"`);
  }
}

const fieldsOf = (text: string): string[] => text.slice(1).split('.');
