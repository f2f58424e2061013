import { deviceRules } from '#runtime/cgroup/device-rules.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { annotatedProperties } from './annotations.ts';
import { deviceProperties } from './device-properties.ts';
import { flag, resourceProperties, text, type Property } from './properties.ts';

interface Asked {
  id: string;
  slice: string;
  isUser: boolean;
  version: 1 | 2;
}

/** All that systemd is told of a new scope, annotations last, as they have the last word. */
export function scopeProperties(spec: Spec, { id, slice, isUser, version }: Asked): Property[] {
  const resources = spec.linux?.resources ?? {};
  const accounted = ['Memory', 'CPU', 'Tasks', version === 2 ? 'IO' : 'BlockIO'];
  const properties: Property[] = [
    text('Description', `sampan container ${id}`),
    text('Slice', slice),
    flag('Delegate', true),
    flag('DefaultDependencies', false),
    ...accounted.map((name) => flag(`${name}Accounting`, true)),
    ...resourceProperties(resources, version),
    // A user's manager cannot hold anybody to their devices.
    ...(isUser ? [] : deviceProperties(deviceRules(resources.devices ?? [], spec.linux?.devices))),
  ];
  return [...new Map([...properties, ...annotatedProperties(spec.annotations)])].map(([name, value]) => [name, value]);
}
