import { Fault } from '#base/fault.ts';
import type { Property } from './properties.ts';
import { parseVariant } from './variant-text.ts';

export const PROPERTY_PREFIX = 'org.systemd.property.';
const MICROSECONDS = 1_000_000;

/**
 * Properties of the scope that annotations ask for. One that ends in `Sec` takes a number of seconds, and becomes systemd's own
 * `USec`.
 */
export function annotatedProperties(annotations: Record<string, string> = {}): Property[] {
  return Object.entries(annotations)
    .filter(([key]) => key.startsWith(PROPERTY_PREFIX))
    .map(([key, value]) => property(key.slice(PROPERTY_PREFIX.length), value, `annotations.${key}`));
}

function property(name: string, value: string, field: string): Property {
  if (!/^[A-Za-z]{3,}$/.test(name))
    throw new Fault('invalid', `${field}: "${name}" is no name of a property`, { field });
  const variant = parseVariant(value, field);
  if (!name.endsWith('Sec') || name.endsWith('USec')) return [name, variant];
  if (typeof variant.value !== 'number' && typeof variant.value !== 'bigint') {
    throw new Fault('invalid', `${field} must be a number of seconds`, { field });
  }
  const value_ = BigInt(Math.round(Number(variant.value) * MICROSECONDS));
  return [`${name.slice(0, -'Sec'.length)}USec`, { signature: 't', value: value_ }];
}
