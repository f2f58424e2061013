import { isAbsolute, normalize, resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import { parseBytes } from '#base/units.ts';
import { checkVolumeName } from '#engine/volume/name.ts';
import type { TmpfsMount } from '#engine/container/confinement.ts';
import type { BindMount, ImageMount, VolumeMount } from '#engine/container/options.ts';

const FIELD = '--mount';
const ALIASES: Readonly<Record<string, string>> = {
  src: 'source',
  target: 'destination',
  dst: 'destination',
  ro: 'readonly',
  'volume-options': 'volume-opt',
};
const PROPAGATIONS = /^r?(private|shared|slave)$/;

/** What each kind of mount may be given, beside its type. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  bind: [
    'source',
    'destination',
    'readonly',
    'bind-propagation',
    'bind-nonrecursive',
    'bind-recursive',
    'bind-create-src',
    'consistency',
  ],
  volume: [
    'source',
    'destination',
    'readonly',
    'volume-driver',
    'volume-label',
    'volume-nocopy',
    'volume-opt',
    'volume-subpath',
    'consistency',
  ],
  tmpfs: ['destination', 'readonly', 'tmpfs-size', 'tmpfs-mode', 'consistency'],
  image: ['source', 'destination', 'readonly', 'image-subpath', 'consistency'],
};

export interface AskedMounts {
  binds: BindMount[];
  tmpfs: TmpfsMount[];
  volumes: VolumeMount[];
  images: ImageMount[];
}

/** Reads `--mount type=bind,source=...,target=...`. */
export function readMounts(texts: readonly string[]): AskedMounts {
  const asked: AskedMounts = { binds: [], tmpfs: [], volumes: [], images: [] };
  for (const text of texts) {
    const values = readPairs(text);
    const type = (values.get('type') ?? 'volume').toLowerCase();
    const allowed = Object.hasOwn(KEYS, type) ? KEYS[type] : undefined;
    if (allowed === undefined) {
      const known = /^(npipe|cluster)$/.test(type);
      throw new Fault(known ? 'unsupported' : 'invalid', `read ${FIELD}: mounts of type "${type}" are not there`, {
        field: FIELD,
        hint: 'Write type=volume, type=bind, type=tmpfs or type=image.',
      });
    }
    for (const key of values.keys())
      if (key !== 'type' && !allowed.includes(key)) throw bad(text, `"${key}" has no place`);
    const destination = values.get('destination') ?? '';
    if (!isAbsolute(destination) || destination === '/')
      throw bad(text, 'target must be an absolute path, not the root');
    if (type === 'volume') asked.volumes.push(readVolume(text, values, destination));
    else if (type === 'bind') asked.binds.push(readBind(text, values, destination));
    else if (type === 'image') asked.images.push(readImage(text, values, destination));
    else asked.tmpfs.push(readTmpfs(text, values, destination));
  }
  return asked;
}

/** What may be given again and again; the values of one key are lines here. */
const LISTS = new Set(['volume-opt', 'volume-label']);

function readPairs(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const part of commaSeparated(text)) {
    const [name = '', ...rest] = part.split('=');
    const key = ALIASES[name.trim().toLowerCase()] ?? name.trim().toLowerCase();
    const value = rest.length === 0 ? 'true' : rest.join('=');
    const before = LISTS.has(key) ? values.get(key) : undefined;
    values.set(key, before === undefined ? value : `${before}\n${value}`);
  }
  return values;
}

/** A field with commas in it stands in quotes, and a quote in such a field twice, as in every file of such values. */
function commaSeparated(text: string): string[] {
  const field = /(?:"((?:[^"]|"")*)"|([^,"][^,]*)|)(,|$)/y;
  const fields: string[] = [];
  for (;;) {
    const match = field.exec(text);
    if (match === null) throw bad(text, 'a quote is not where one may be');
    const [, quoted, plain = '', end] = match;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') return fields;
  }
}

function isOn(text: string, values: ReadonlyMap<string, string>, key: string): boolean {
  const value = values.get(key) ?? 'false';
  if (/^(true|1)$/.test(value)) return true;
  if (/^(false|0)$/.test(value)) return false;
  throw bad(text, `${key} is neither true nor false`);
}

function readBind(text: string, values: ReadonlyMap<string, string>, destination: string): BindMount {
  const given = values.get('source') ?? '';
  // A path that begins with a dot is one of where we are.
  const source = /^\.(\/|$)/.test(given) ? resolve(given) : given;
  if (!isAbsolute(source)) throw bad(text, 'source must be an absolute path');
  const propagation = values.get('bind-propagation');
  if (propagation !== undefined && !PROPAGATIONS.test(propagation))
    throw bad(text, `"${propagation}" is no propagation`);
  const recursive = values.get('bind-recursive') ?? 'enabled';
  if (!/^(enabled|disabled|writable|readonly)$/.test(recursive)) throw bad(text, `"${recursive}" is no way to recurse`);
  const readOnly = isOn(text, values, 'readonly');
  if (/^(writable|readonly)$/.test(recursive) && !readOnly)
    throw bad(text, `bind-recursive=${recursive} needs readonly`);
  if (recursive === 'readonly' && propagation !== 'rprivate')
    throw bad(text, 'bind-recursive=readonly needs bind-propagation=rprivate');
  const shallow = readOnly && recursive === 'writable';
  return {
    source,
    destination,
    readOnly: readOnly && !shallow,
    mustExist: !isOn(text, values, 'bind-create-src'),
    ...(recursive === 'disabled' || isOn(text, values, 'bind-nonrecursive') ? { flat: true } : {}),
    options: [
      ...(shallow ? ['ro'] : []),
      ...(propagation === undefined && !shallow ? [] : [propagation ?? 'rprivate']),
    ],
  };
}

function readVolume(text: string, values: ReadonlyMap<string, string>, destination: string): VolumeMount {
  const pairs = (key: string): Record<string, string> =>
    Object.fromEntries(
      (values.get(key) ?? '')
        .split('\n')
        .filter(Boolean)
        .map((pair) => [pair.split('=', 1)[0] ?? '', pair.split('=').slice(1).join('=')]),
    );
  const [name = '', subpath, driver] = ['source', 'volume-subpath', 'volume-driver'].map((key) => values.get(key));
  if (name !== '') checkVolumeName(name, `read ${FIELD} "${text}"`, FIELD);
  if (subpath !== undefined && (isAbsolute(subpath) || subpath.split('/').includes('..')))
    throw bad(text, 'volume-subpath must be a path below the volume');
  if (subpath !== undefined && name === '') throw bad(text, 'volume-subpath needs a volume by name');
  return {
    ...(name === '' ? {} : { name }),
    destination,
    readOnly: isOn(text, values, 'readonly'),
    ...(isOn(text, values, 'volume-nocopy') ? { noCopy: true } : {}),
    ...(subpath === undefined || subpath === '' ? {} : { subpath }),
    ...(driver === undefined ? {} : { driver }),
    driverOptions: pairs('volume-opt'),
    labels: pairs('volume-label'),
    options: [],
  };
}

/** Read-only whatever is said, as docker has it. */
function readImage(text: string, values: ReadonlyMap<string, string>, destination: string): ImageMount {
  const [name = '', subpath] = ['source', 'image-subpath'].map((key) => values.get(key));
  if (name === '') throw bad(text, 'source must be an image');
  isOn(text, values, 'readonly');
  if (subpath === undefined) return { name, destination };
  const path = normalize(subpath).replace(/\/$/, '');
  if (subpath === '' || isAbsolute(path) || path === '..' || path.startsWith('../'))
    throw bad(text, 'image-subpath must be a path below the root of the image');
  return { name, destination, ...(path === '.' ? {} : { subpath: path }) };
}

function readTmpfs(text: string, values: ReadonlyMap<string, string>, destination: string): TmpfsMount {
  const [size, mode] = [values.get('tmpfs-size'), values.get('tmpfs-mode')];
  if (mode !== undefined && !/^[0-7]{1,5}$/.test(mode)) throw bad(text, 'tmpfs-mode is octal, such as 1770');
  return {
    destination,
    options: [
      ...(size === undefined ? [] : [`size=${parseBytes(size, FIELD)}`]),
      ...(mode === undefined ? [] : [`mode=${mode}`]),
      ...(isOn(text, values, 'readonly') ? ['ro'] : []),
    ],
  };
}

const bad = (text: string, why: string): Fault =>
  new Fault('invalid', `read ${FIELD} "${text}": ${why}`, { field: FIELD });
