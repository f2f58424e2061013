import { Fault } from '#base/fault.ts';
import { parseReference, type Reference } from '#store/reference.ts';

/** What the settings say of names without a registry (containers-registries.conf(5), "Short-Name Resolution"). */
export interface ShortNames {
  /** `unqualified-search-registries`, in their order; docker.io when there are none. */
  search: readonly string[];
  /** Repositories in full by their short names. */
  aliases: ReadonlyMap<string, string>;
  /** `enforcing` asks nobody here, so it takes no name that may mean several; `disabled` knows no aliases. */
  mode: 'enforcing' | 'permissive' | 'disabled';
}

export const NO_SHORT_NAMES: ShortNames = { search: [], aliases: new Map(), mode: 'permissive' };

/** True for a name that says no registry. */
export function isShort(text: string): boolean {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  return !/[.:A-Z]/.test(first) && first !== 'localhost';
}

/** What a name may mean, in the order in which it is tried. Throws `invalid` for what is no name, or for too many. */
export function meaningsOf(text: string, { search, aliases, mode }: ShortNames): Reference[] {
  const plain = parseReference(text);
  if (!isShort(text)) return [plain];
  const [, name = '', rest = ''] = /^([^:@]*)(.*)$/.exec(text) ?? [];
  const alias = mode === 'disabled' ? undefined : aliases.get(name);
  if (alias !== undefined) return [parseReference(`${alias}${rest}`)];
  const found = search.map((registry) => parseReference(`${registry}/${text}`));
  if (found.length === 0) return [plain];
  if (mode !== 'enforcing' || found.length === 1) return found;
  throw new Fault('invalid', `"${text}" may mean several images: ${search.map((one) => `${one}/${text}`).join(', ')}`, {
    hint: 'Write the name in full, or give it an alias in registries.conf; short-name-mode is "enforcing".',
    facts: { reference: text },
  });
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the value of registries.conf, or of a file of aliases, over what earlier files say. Throws `invalid`. */
export function readShortNames(value: Json, before: ShortNames): ShortNames {
  return {
    search: readSearch(value['unqualified-search-registries']) ?? before.search,
    aliases: readAliases(value['aliases'], before.aliases),
    mode: readMode(value['short-name-mode']) ?? before.mode,
  };
}

function readSearch(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string' && HOST.test(item)))
    return value as string[];
  throw bad('unqualified-search-registries', 'is not a list of registries');
}

const HOST = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?(?:\/[a-z0-9._/-]+)?$/;

function readMode(value: unknown): ShortNames['mode'] | undefined {
  if (value === undefined || value === '') return undefined;
  if (value === 'enforcing' || value === 'permissive' || value === 'disabled') return value;
  throw bad('short-name-mode', 'is none of enforcing, permissive, disabled');
}

/** An empty text takes an alias away. */
function readAliases(value: unknown, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (value === undefined) return before;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('aliases', 'is not a table');
  const aliases = new Map(before);
  for (const [name, target] of Object.entries(value)) {
    if (target === '') aliases.delete(name);
    else aliases.set(name, checkedAlias(name, target));
  }
  return aliases;
}

function checkedAlias(name: string, target: unknown): string {
  const field = `aliases.${name}`;
  if (typeof target !== 'string' || isShort(target)) throw bad(field, 'is not a name with its registry');
  if (/@|:[^/]*$/.test(target)) throw bad(field, 'has a tag or digest, which an alias must not have');
  if (!isShort(name) || /[:@]/.test(name)) throw bad(field, 'stands for a name that is not short');
  parseReference(target);
  return target;
}

function bad(field: string, why: string): Fault {
  return new Fault('invalid', `${field} ${why}`, { field });
}
