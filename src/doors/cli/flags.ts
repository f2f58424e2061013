import { Fault } from '#base/fault.ts';

export type FlagKind = 'switch' | 'text' | 'number' | 'list';

export interface FlagSpec {
  kind: FlagKind;
  short?: string;
  /** What stands for the value in the help, such as `DIR`. */
  value?: string;
  does: string;
}

export type FlagTable = Readonly<Record<string, FlagSpec>>;

/** Why a flag that others have is not there. */
export interface Refusal {
  short?: string;
  why: string;
  hint?: string;
}

export type Refusals = Readonly<Record<string, Refusal>>;

/** Values by long name; a switch is true or left out. */
export class Flags {
  readonly #values: ReadonlyMap<string, string[]>;
  constructor(values: ReadonlyMap<string, string[]>) {
    this.#values = values;
  }
  /** None was given. */
  get isEmpty(): boolean {
    return this.#values.size === 0;
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
 * Parses flags the way docker's and runc's callers write them: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * `-it` for two switches, and a single dash before a long name. `stop` ends at the first argument that is no flag,
 * because what follows belongs to the container's program. (The parsers of npm that were tried take 1.3 to 3.5 ms to
 * load and none knows runc's single dash.)
 */
export function parseFlags(argv: readonly string[], table: FlagTable, stop: boolean, refused: Refusals = {}): Parsed {
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
    for (const found of findFlags(word, table, refused)) {
      let value = found.inline;
      if (value === undefined) value = found.spec.kind === 'switch' ? 'true' : argv[++at];
      if (value === undefined) throw usage(`flag needs an argument: ${word}`);
      checkValue(found, value, word);
      values.set(found.name, [...(values.get(found.name) ?? []), value]);
    }
  }
  return { flags: new Flags(values), rest };
}

interface Found {
  name: string;
  spec: FlagSpec;
  /** The value that was written in the same word. */
  inline: string | undefined;
}

function checkValue({ spec }: Found, value: string, word: string): void {
  const bad = spec.kind === 'number' ? !/^\d+$/.test(value) : spec.kind === 'switch' && !/^(true|false)$/.test(value);
  if (bad) throw usage(`invalid value "${value}" for flag ${word}`);
}

function findFlags(word: string, table: FlagTable, refused: Refusals): Found[] {
  const bare = word.slice(word.startsWith('--') ? 2 : 1);
  const equals = bare.indexOf('=');
  const asked = equals < 0 ? bare : bare.slice(0, equals);
  const inline = equals < 0 ? undefined : bare.slice(equals + 1);
  const whole = find(asked, table);
  if (whole !== undefined) return [{ ...whole, inline }];
  const group = word.startsWith('--') ? undefined : shortGroup(bare, table);
  if (group !== undefined) return group;
  const isShort = !word.startsWith('--');
  const refusal = Object.entries(refused).find(([name, { short }]) => name === asked || (isShort && short === bare[0]));
  if (refusal !== undefined) throw refusedFlag(...refusal);
  throw usage(`unknown flag: ${equals < 0 ? word : word.slice(0, word.indexOf('='))}`);
}

function refusedFlag(name: string, { why, hint }: Refusal): Fault {
  const field = `--${name}`;
  return new Fault('unsupported', `${field} is not there: ${why}`, {
    field,
    facts: { usage: true },
    ...(hint === undefined ? {} : { hint }),
  });
}

function find(asked: string, table: FlagTable): { name: string; spec: FlagSpec } | undefined {
  const direct = Object.hasOwn(table, asked) ? table[asked] : undefined;
  if (direct !== undefined) return { name: asked, spec: direct };
  for (const [name, spec] of Object.entries(table)) if (spec.short === asked) return { name, spec };
  return undefined;
}

/** `it` as two switches, `eA=1` as a short flag with its value; undefined when a letter is none. */
function shortGroup(letters: string, table: FlagTable): Found[] | undefined {
  const group: Found[] = [];
  for (let at = 0; at < letters.length; at++) {
    const found = find(letters[at] ?? '', table);
    if (found === undefined || found.spec.short === undefined) return undefined;
    if (found.spec.kind !== 'switch') {
      const value = letters.slice(at + 1).replace(/^=/, '');
      return [...group, { ...found, inline: value === '' ? undefined : value }];
    }
    group.push({ ...found, inline: undefined });
  }
  return group;
}

export function usage(message: string): Fault {
  return new Fault('invalid', message, { facts: { usage: true } });
}
