/** What a template is made of, once it has been read. */
export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'show'; pipe: Pipe }
  | { kind: 'if' | 'with' | 'range'; pipe: Pipe; body: Node[]; otherwise: Node[] }
  | { kind: 'break' | 'continue' }
  | { kind: 'template'; name: string; pipe: Pipe | undefined; at: number };

/** `$a, $b := command | command`. */
export interface Pipe {
  at: number;
  variables: string[];
  /** An assignment to what has been declared before. */
  assigns: boolean;
  commands: Command[];
}

export interface Command {
  at: number;
  operands: [Operand, ...Operand[]];
}

export type Operand = { at: number; fields: string[] } & (
  | { kind: 'dot' | 'nil' }
  | { kind: 'variable' | 'function'; name: string }
  | { kind: 'literal'; value: string | number | boolean }
  | { kind: 'pipe'; pipe: Pipe }
);

export interface ParsedTemplate {
  nodes: Node[];
  /** By `define` and `block`. */
  named: ReadonlyMap<string, Node[]>;
}
