import { LAZY, type Functions } from './functions.ts';
import type { Command, Node, Operand, ParsedTemplate, Pipe } from './nodes.ts';
import { showResult } from './print.ts';
import { TemplateError } from './problem.ts';
import { isMap, isObject, isTrue, sortedEntries, typed, typeName } from './values.ts';

const MOST_DEEP = 1000;

/** What a template prints of a value. Throws TemplateError. */
export function runTemplate(template: ParsedTemplate, functions: Functions, value: unknown): string {
  const run = new Run(template.named, functions);
  run.list(template.nodes, value, new Map([['$', value]]), 0);
  return run.text();
}

type Variables = Map<string, unknown>;
type Next = 'next' | 'break' | 'continue';

/** Variables of an outer block can be assigned to, so blocks look through to them. */
class Inner extends Map<string, unknown> {
  readonly #outer: Variables;
  constructor(outer: Variables) {
    super();
    this.#outer = outer;
  }
  override has(name: string): boolean {
    return super.has(name) || this.#outer.has(name);
  }
  override get(name: string): unknown {
    return super.has(name) ? super.get(name) : this.#outer.get(name);
  }
  assign(name: string, value: unknown): void {
    if (super.has(name) || !(this.#outer instanceof Inner)) (super.has(name) ? this : this.#outer).set(name, value);
    else this.#outer.assign(name, value);
  }
}

class Run {
  readonly #named: ParsedTemplate['named'];
  readonly #functions: Functions;
  readonly #out: string[] = [];

  constructor(named: ParsedTemplate['named'], functions: Functions) {
    this.#named = named;
    this.#functions = functions;
  }

  text(): string {
    return this.#out.join('');
  }

  list(nodes: readonly Node[], dot: unknown, outer: Variables, depth: number): Next {
    const variables = new Inner(outer);
    for (const node of nodes) {
      const next = this.#node(node, dot, variables, depth);
      if (next !== 'next') return next;
    }
    return 'next';
  }

  #node(node: Node, dot: unknown, variables: Inner, depth: number): Next {
    switch (node.kind) {
      case 'text':
        this.#out.push(node.text);
        return 'next';
      case 'show': {
        const value = this.#pipe(node.pipe, dot, variables);
        if (node.pipe.variables.length === 0) this.#out.push(showResult(value));
        return 'next';
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'template':
        this.#template(node, dot, variables, depth);
        return 'next';
      case 'range':
        return this.#range(node, dot, variables, depth);
      default: {
        const inner = new Inner(variables);
        const value = this.#pipe(node.pipe, dot, inner);
        if (!isTrue(value)) return this.list(node.otherwise, dot, inner, depth);
        return this.list(node.body, node.kind === 'with' ? value : dot, inner, depth);
      }
    }
  }

  #template(
    { name, pipe, at }: Extract<Node, { kind: 'template' }>,
    dot: unknown,
    variables: Inner,
    depth: number,
  ): void {
    const nodes = this.#named.get(name);
    if (nodes === undefined) throw new TemplateError(at, `there is no template "${name}"`);
    if (depth > MOST_DEEP) throw new TemplateError(at, `the template "${name}" goes on within itself for ever`);
    const value = pipe === undefined ? undefined : this.#pipe(pipe, dot, variables);
    this.list(nodes, value, new Map([['$', value]]), depth + 1);
  }

  #range(node: Extract<Node, { kind: 'range' | 'if' | 'with' }>, dot: unknown, variables: Inner, depth: number): Next {
    const { variables: names, ...pipe } = node.pipe;
    const value = this.#pipe({ ...pipe, variables: [] }, dot, variables);
    const entries = entriesOf(value, node.pipe.at);
    if (entries.length === 0) return this.list(node.otherwise, dot, variables, depth);
    for (const [key, item] of entries) {
      const inner = new Inner(variables);
      const values = names.length === 2 ? [key, item] : [item];
      for (const [place, name] of names.entries()) {
        if (pipe.assigns) inner.assign(name, values[place]);
        else inner.set(name, values[place]);
      }
      if (this.list(node.body, item, inner, depth) === 'break') break;
    }
    return 'next';
  }

  #pipe({ at, variables: names, assigns, commands }: Pipe, dot: unknown, variables: Inner): unknown {
    let carried: unknown[] = [];
    for (const command of commands) carried = [this.#command(command, carried, dot, variables)];
    for (const name of names) {
      if (assigns && !variables.has(name)) throw new TemplateError(at, `there is no variable ${name}`);
      if (assigns) variables.assign(name, carried[0]);
      else variables.set(name, carried[0]);
    }
    return carried[0];
  }

  /** What comes from before a bar is the last of the values. */
  #command({ operands: [first, ...rest] }: Command, carried: unknown[], dot: unknown, variables: Inner): unknown {
    const value = (operand: Operand): unknown => this.#operand(operand, dot, variables);
    if (first.kind === 'function') return call(this.#functions, first, rest, carried, value);
    const own = value(first);
    if (typeof own === 'function') return (own as (...values: unknown[]) => unknown)(...rest.map(value), ...carried);
    if (rest.length + carried.length > 0) throw new TemplateError(first.at, 'what is no function takes no values');
    return own;
  }

  #operand(operand: Operand, dot: unknown, variables: Inner): unknown {
    const { at, fields } = operand;
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'nil':
        return null;
      case 'function':
        return call(this.#functions, operand, [], [], () => undefined);
      case 'pipe':
        return chain(this.#pipe(operand.pipe, dot, variables), fields, at);
      case 'variable':
        if (!variables.has(operand.name)) throw new TemplateError(at, `there is no variable ${operand.name}`);
        return chain(variables.get(operand.name), fields, at);
      case 'dot':
        return chain(dot, fields, at);
    }
  }
}

function call(
  functions: Functions,
  { name, at }: Extract<Operand, { kind: 'variable' | 'function' }>,
  operands: readonly Operand[],
  carried: readonly unknown[],
  value: (operand: Operand) => unknown,
): unknown {
  if (LAZY.has(name)) return firstThat(name === 'or', operands, carried, value);
  const values = [...operands.map(value), ...carried];
  const found = functions[name];
  const [least, most] = found?.takes ?? [0, 0];
  if (found === undefined || values.length < least || values.length > most) {
    const wanted = least === most ? `${least}` : values.length < least ? `at least ${least}` : `at most ${most}`;
    throw new TemplateError(at, `"${name}" takes ${wanted} values, not ${values.length}`);
  }
  try {
    return found.call(...values);
  } catch (error) {
    if (error instanceof TypeError) throw error; // Ours, not the template's.
    throw new TemplateError(at, `${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The first that is as wanted, or the last. */
function firstThat(
  wanted: boolean,
  operands: readonly Operand[],
  carried: readonly unknown[],
  value: (operand: Operand) => unknown,
): unknown {
  let last: unknown;
  for (const operand of operands) {
    last = value(operand);
    if (isTrue(last) === wanted) return last;
  }
  return carried.length > 0 ? carried[0] : last;
}

function chain(from: unknown, fields: readonly string[], at: number): unknown {
  return fields.reduce((value, name) => fieldOf(value, name, at), from);
}

function fieldOf(value: unknown, name: string, at: number): unknown {
  if (value === null || value === undefined) return undefined;
  if (!isObject(value))
    throw new TemplateError(at, `there is no field ${name} in a value of the type ${typeName(value)}`);
  if (Object.hasOwn(value, name)) return typed(name, value[name]);
  if (isMap(value)) return undefined;
  throw new TemplateError(at, `there is no field ${name}`);
}

function entriesOf(value: unknown, at: number): [unknown, unknown][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item: unknown, place) => [place, item]);
  if (isObject(value)) return sortedEntries(value);
  if (Number.isInteger(value))
    return Array.from({ length: Math.max(value as number, 0) }, (_, place) => [place, place]);
  throw new TemplateError(at, `there is nothing to range over in a value of the type ${typeName(value)}`);
}
