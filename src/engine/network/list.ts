import { Fault } from '#base/fault.ts';
import type { NetworkRecord } from './record.ts';

export const NETWORK_FILTERS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

/** Docker's filters: one value of each key has to fit; of labels all. `isUsed` tells of a network with containers. */
export function networkFilter(
  filters: readonly string[],
  allowed: readonly string[],
  isUsed: (network: NetworkRecord) => boolean,
): (network: NetworkRecord) => boolean {
  const asked = filters.map((filter) => {
    const at = filter.indexOf('=');
    const key = at < 0 ? filter : filter.slice(0, at);
    if (at < 0 || !allowed.includes(key))
      throw new Fault('invalid', `read --filter: ${JSON.stringify(filter)} is none of ${allowed.join(', ')}`, {
        field: '--filter',
      });
    return { key, value: filter.slice(at + 1) };
  });
  const keys = new Set(asked.map(({ key }) => key));
  return (network) =>
    [...keys].every((key) => {
      const values = asked.filter((one) => one.key === key).map(({ value }) => value);
      const fits = (value: string): boolean => FITS[key]?.(network, value, isUsed(network)) === true;
      return key.startsWith('label') ? values.every(fits) : values.some(fits);
    });
}

const FITS: Readonly<Record<string, (network: NetworkRecord, value: string, used: boolean) => boolean>> = {
  name: ({ name }, value) => name.includes(value),
  id: ({ id }, value) => id.startsWith(value),
  driver: ({ driver }, value) => driver === value,
  scope: (_, value) => value === 'local',
  type: ({ name }, value) => value === (name === 'bridge' ? 'builtin' : 'custom'),
  dangling: ({ name }, value, used) => (name !== 'bridge' && !used) === ['true', '1'].includes(value),
  label: ({ labels }, value) => hasLabel(labels, value),
  'label!': ({ labels }, value) => !hasLabel(labels, value),
};

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  return at < 0 ? wanted in labels : labels[wanted.slice(0, at)] === wanted.slice(at + 1);
}
