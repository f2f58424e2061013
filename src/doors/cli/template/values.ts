/**
 * Values of templates are those of JSON. Go's are typed: what is a structure (which lacks no field), a map or a list is
 * seen there, and here from the names of the fields that hold them in docker's API.
 */
const MAPS: ReadonlySet<string> = new Set(
  'Labels Options Sysctls Tmpfs Ports Networks ExposedPorts Volumes Annotations StorageOpt DriverOpts Figures'.split(
    ' ',
  ),
);
const LISTS: ReadonlySet<string> = new Set(
  (
    'Args Binds CapAdd CapDrop Cmd Devices Dns DnsOptions DnsSearch Entrypoint Env ExtraHosts GroupAdd Links ' +
    'MaskedPaths Mounts OnBuild ReadonlyPaths RepoDigests RepoTags SecurityOpt Shell Ulimits VolumesFrom'
  ).split(' '),
);

/** Objects that were found in a field of that kind. */
const known = new WeakSet<object>();

/** A map of lists, some of them nothing. */
const LISTS_BY_NAME = 'Ports';

function withLists(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, list]) => [key, list ?? []]));
}

/** Notes what kind of value a field of this name holds; nothing in it is an empty list or map. */
export function typed(name: string, value: unknown): unknown {
  if (value === null && LISTS.has(name)) return [];
  const found = value === null && MAPS.has(name) ? {} : name === LISTS_BY_NAME ? withLists(value) : value;
  if (isObject(found) && MAPS.has(name)) known.add(found);
  return found;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields of structures begin with a capital letter. */
export function isMap(value: Readonly<Record<string, unknown>>): boolean {
  return known.has(value) || Object.keys(value).every((key) => !/^[A-Z]/.test(key));
}

export const sortedEntries = (value: Readonly<Record<string, unknown>>): [string, unknown][] =>
  Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** What `if` takes for true. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return !isMap(value) || Object.keys(value).length > 0;
  return Boolean(value);
}

/** Go's name of a value's type, for messages and `%T`. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return '[]interface {}';
  return typeof value === 'object' ? 'map[string]interface {}' : typeof value;
}

/** JSON as Go writes it: maps by their keys. */
export function toJson(value: unknown): string {
  return JSON.stringify(sorted(value, '')) ?? 'null';
}

function sorted(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((one) => sorted(one, ''));
  if (!isObject(value)) return value;
  const entries = MAPS.has(name) || known.has(value) ? sortedEntries(value) : Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one, key)]));
}
