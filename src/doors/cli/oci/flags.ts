import { Fault } from '#base/fault.ts';

export type FlagKind = 'switch' | 'text' | 'number' | 'list';

export interface FlagSpec {
  kind: FlagKind;
  short?: string;
  does: string;
}

export type FlagTable = Readonly<Record<string, FlagSpec>>;

/** Values by long name; a switch is true or left out. */
export class Flags {
  readonly #values: ReadonlyMap<string, string[]>;
  constructor(values: ReadonlyMap<string, string[]>) {
    this.#values = values;
  }
  on(name: string): boolean {
    return this.text(name) === 'true';
  }
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }
  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }
  list(name: string): string[] {
    return this.#values.get(name) ?? [];
  }
}

export interface Parsed {
  flags: Flags;
  rest: string[];
}

/**
 * Parses flags the way runc's callers write them: `--name value`, `--name=value`, `-n value`, and a single dash before
 * a long name. `stop` ends at the first argument that is no flag, as `exec` must.
 */
export function parseFlags(argv: readonly string[], table: FlagTable, stop: boolean): Parsed {
  const values = new Map<string, string[]>();
  const rest: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--') return { flags: new Flags(values), rest: [...rest, ...argv.slice(at + 1)] };
    if (!word.startsWith('-') || word === '-') {
      if (stop) return { flags: new Flags(values), rest: argv.slice(at) };
      rest.push(word);
      continue;
    }
    const { name, spec, inline } = findFlag(word, table);
    let value = inline;
    if (value === undefined) value = spec.kind === 'switch' ? 'true' : argv[++at];
    if (value === undefined) throw usage(`flag needs an argument: ${word}`);
    if (spec.kind === 'number' && !/^\d+$/.test(value)) throw usage(`invalid value "${value}" for flag ${word}`);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return { flags: new Flags(values), rest };
}

function findFlag(word: string, table: FlagTable): { name: string; spec: FlagSpec; inline: string | undefined } {
  const bare = word.replace(/^--?/, '');
  const equals = bare.indexOf('=');
  const asked = equals < 0 ? bare : bare.slice(0, equals);
  const inline = equals < 0 ? undefined : bare.slice(equals + 1);
  const direct = table[asked];
  if (direct !== undefined) return { name: asked, spec: direct, inline };
  for (const [name, spec] of Object.entries(table)) if (spec.short === asked) return { name, spec, inline };
  throw usage(`flag provided but not defined: ${word}`);
}

export function usage(message: string): Fault {
  return new Fault('invalid', message, { facts: { usage: true } });
}
