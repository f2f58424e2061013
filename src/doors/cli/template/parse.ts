import { lexTemplate, type Piece } from './lex.ts';
import type { Node, ParsedTemplate, Pipe } from './nodes.ts';
import { Pipeline } from './pipeline.ts';
import { TemplateError } from './problem.ts';

/** Reads a template. Throws TemplateError. */
export function parseNodes(text: string, isFunction: (name: string) => boolean): ParsedTemplate {
  const reader = new Reader(lexTemplate(text), isFunction);
  return reader.whole();
}

type Action = Extract<Piece, { kind: 'action' }>;
/** Where a list of nodes ends, and by what: `else` may go on with a condition. */
type Ending = { word: 'end' | 'else'; rest: Pipeline; at: number };

class Reader {
  readonly #pieces: readonly Piece[];
  readonly #isFunction: (name: string) => boolean;
  readonly #named = new Map<string, Node[]>();
  #at = 0;
  #loops = 0;

  constructor(pieces: readonly Piece[], isFunction: (name: string) => boolean) {
    this.#pieces = pieces;
    this.#isFunction = isFunction;
  }

  whole(): ParsedTemplate {
    const { nodes, ending } = this.#list();
    if (ending !== undefined) throw new TemplateError(ending.at, `"${ending.word}" closes nothing`);
    return { nodes, named: this.#named };
  }

  #list(): { nodes: Node[]; ending: Ending | undefined } {
    const nodes: Node[] = [];
    for (;;) {
      const piece = this.#pieces[this.#at++];
      if (piece === undefined) return { nodes, ending: undefined };
      if (piece.kind === 'text') {
        nodes.push(piece);
        continue;
      }
      const words = new Pipeline(piece.tokens, piece.at, this.#isFunction);
      const word = words.keyword();
      if (word === 'end' || word === 'else') {
        if (word === 'end') words.finish();
        return { nodes, ending: { word, rest: words, at: piece.at } };
      }
      const node = this.#node(word, words, piece);
      if (node !== undefined) nodes.push(node);
    }
  }

  /** Undefined for what prints nothing where it stands. */
  #node(word: string | undefined, words: Pipeline, { at }: Action): Node | undefined {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.#block(word, words, at);
      case 'break':
      case 'continue':
        words.finish();
        if (this.#loops === 0) throw new TemplateError(at, `"${word}" stands outside of a range`);
        return { kind: word };
      case 'define':
        this.#define(words, at);
        return undefined;
      case 'template':
        return { kind: 'template', name: words.name(), pipe: words.maybePipe(), at };
      case 'block': {
        const [name, pipe] = [words.name(), words.pipe()];
        this.#named.set(name, this.#body(at, 'block'));
        return { kind: 'template', name, pipe, at };
      }
      default:
        return { kind: 'show', pipe: words.pipe() };
    }
  }

  #define(words: Pipeline, at: number): void {
    const name = words.name();
    words.finish();
    this.#named.set(name, this.#body(at, 'define'));
  }

  #body(at: number, kind: string): Node[] {
    const { nodes, ending } = this.#list();
    if (ending?.word !== 'end') throw new TemplateError(at, `"${kind}" has no end`);
    return nodes;
  }

  #block(kind: 'if' | 'with' | 'range', words: Pipeline, at: number): Node {
    const pipe: Pipe = words.pipe(kind === 'range' ? 2 : 1);
    if (kind === 'range') this.#loops += 1;
    const { nodes: body, ending } = this.#list();
    if (kind === 'range') this.#loops -= 1;
    if (ending === undefined) throw new TemplateError(at, `"${kind}" has no end`);
    if (ending.word === 'end') return { kind, pipe, body, otherwise: [] };
    const next = ending.rest.keyword();
    if (next !== undefined && next === kind && kind !== 'range') {
      return { kind, pipe, body, otherwise: [this.#block(kind, ending.rest, ending.at)] };
    }
    if (next !== undefined) throw new TemplateError(ending.at, `"else ${next}" does not go with "${kind}"`);
    ending.rest.finish();
    return { kind, pipe, body, otherwise: this.#body(at, kind) };
  }
}
