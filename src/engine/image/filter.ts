import { matchesGlob } from 'node:path';
import { Fault } from '#base/fault.ts';
import { parseMoment } from '#base/moment.ts';
import { parseDuration } from '#base/units.ts';
import type { Engine } from '#engine/engine.ts';
import { findImage } from './history.ts';
import { imageUses } from './keep.ts';
import { NONE, type ListedImage } from './list.ts';

export type ImageFilter = (entry: ListedImage) => boolean;

type MakeFilter = (engine: Engine, value: string) => ImageFilter;

/** Filters by their key, as docker words them. */
const FILTERS: Record<string, MakeFilter> = {
  dangling: (_, value) => {
    if (!/^(?:true|false|1|0)$/.test(value)) throw bad('dangling', value, 'true or false');
    const wanted = value === 'true' || value === '1';
    return ({ image }) => (image.names.length === 0) === wanted;
  },
  label: (_, value) => hasLabel(value),
  'label!': (_, value) => {
    const has = hasLabel(value);
    return (entry) => !has(entry);
  },
  before: (engine, value) => {
    const limit = findImage(engine, value).created;
    return ({ image }) => image.created < limit;
  },
  since: (engine, value) => {
    const limit = findImage(engine, value).created;
    return ({ image }) => image.created > limit;
  },
  until: (_, value) => {
    const limit = parseMoment(value, '--filter until');
    return ({ image }) => image.created < limit;
  },
  'unused-for': (engine, value) => {
    const ago = parseDuration(value);
    if (ago === undefined) throw bad('unused-for', value, 'a length of time such as 72h');
    const [uses, limit] = [imageUses(engine.database), Date.now() - ago];
    return ({ image }) => (uses.get(image.configDigest)?.used ?? 0) < limit;
  },
  reference: (_, value) => (entry) => refersTo(entry, value),
};

/** Reads `key=value` filters. Those of one key are alternatives, but labels: all of these must hold. Throws `invalid`. */
export function imageFilter(engine: Engine, texts: readonly string[], allowed = Object.keys(FILTERS)): ImageFilter {
  const byKey = new Map<string, ImageFilter[]>();
  for (const text of texts) {
    const [key, value] = splitFilter(text);
    const make = allowed.includes(key) ? FILTERS[key] : undefined;
    if (make === undefined) throw unknown(key, allowed);
    byKey.set(key, [...(byKey.get(key) ?? []), make(engine, value)]);
  }
  const groups = [...byKey].map(([key, filters]): ImageFilter =>
    key.startsWith('label')
      ? (entry) => filters.every((filter) => filter(entry))
      : (entry) => filters.some((filter) => filter(entry)),
  );
  return (entry) => groups.every((group) => group(entry));
}

function splitFilter(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw bad(text, '', 'a filter such as dangling=true');
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function hasLabel(value: string): ImageFilter {
  const [key = '', wanted] = value.includes('=') ? splitFilter(value) : [value];
  return ({ image }) => {
    const labels = image.config.Labels ?? {};
    return Object.hasOwn(labels, key) && (wanted === undefined || labels[key] === wanted);
  };
}

/** A pattern fits the repository, the repository with its tag, or the last part of them. */
export function refersTo({ repository, tag }: ListedImage, pattern: string): boolean {
  if (repository === NONE) return false;
  const names = [repository, ...(tag === NONE ? [] : [`${repository}:${tag}`])];
  return names.some((name) => matchesGlob(name, pattern));
}

function bad(key: string, value: string, wanted: string): Fault {
  return new Fault('invalid', `read the filter ${key}: "${value}" is not ${wanted}`, { field: '--filter' });
}

function unknown(key: string, allowed: readonly string[]): Fault {
  return new Fault('invalid', `read the filter "${key}": there is none of this name`, {
    field: '--filter',
    hint: `There are: ${allowed.join(', ')}.`,
  });
}
