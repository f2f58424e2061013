import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { volumeRecords, type VolumeRecord } from './record.ts';

export interface ListedVolume {
  record: VolumeRecord;
  /** Ids of the containers that have it. */
  users: string[];
}

type Condition = (volume: ListedVolume) => boolean;

/** Filters by their key, as docker words them. */
const FILTERS: Readonly<Record<string, (value: string) => Condition>> = {
  dangling: (value) => {
    const wanted = isTrue('dangling', value);
    return ({ users }) => (users.length === 0) === wanted;
  },
  driver:
    (value) =>
    ({ record }) =>
      record.driver === value,
  label: hasLabel,
  'label!': (value) => {
    const has = hasLabel(value);
    return (volume) => !has(volume);
  },
  name:
    (value) =>
    ({ record }) =>
      record.name.includes(value),
};

/** Volumes by name, without those that are being made or removed. */
export function listVolumes({ database }: Engine): ListedVolume[] {
  const records = volumeRecords(database);
  return database.transaction(() =>
    records
      .list()
      .filter(({ phase }) => phase === 'ready' || phase === 'filling')
      .map((record) => ({ record, users: records.users(record.name) })),
  );
}

/** Those of one key are alternatives, but labels: all of these must hold. Throws `invalid`. */
export function volumeFilter(texts: readonly string[], allowed: readonly string[]): Condition {
  const byKey = new Map<string, Condition[]>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const key = text.slice(0, Math.max(equals, 0));
    const make = allowed.includes(key) ? FILTERS[key] : undefined;
    if (make === undefined) {
      throw new Fault('invalid', `read the filter "${text}": there is none of this name for volumes`, {
        field: '--filter',
        hint: `There are: ${allowed.join(', ')}.`,
      });
    }
    byKey.set(key, [...(byKey.get(key) ?? []), make(text.slice(equals + 1))]);
  }
  return (volume) =>
    [...byKey].every(([key, conditions]) =>
      key.startsWith('label') ? conditions.every((holds) => holds(volume)) : conditions.some((holds) => holds(volume)),
    );
}

export function isTrue(key: string, value: string): boolean {
  if (/^(?:true|1)$/.test(value)) return true;
  if (/^(?:false|0)$/.test(value)) return false;
  throw new Fault('invalid', `read the filter ${key}: "${value}" is not true or false`, { field: '--filter' });
}

function hasLabel(text: string): Condition {
  const equals = text.indexOf('=');
  const key = equals === -1 ? text : text.slice(0, equals);
  return ({ record: { labels } }) =>
    Object.hasOwn(labels, key) && (equals === -1 || labels[key] === text.slice(equals + 1));
}
