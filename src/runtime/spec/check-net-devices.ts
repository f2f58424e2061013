import { Fault } from '#base/fault.ts';
import { record, shape, text, type Check } from './check.ts';
import type { Spec } from './spec.ts';

const FIELD = 'linux.netDevices';
const LONGEST = 15;

const newName: Check = (value, field) => {
  text(value, field);
  const name = value as string;
  if (name === '') return;
  // A number that is free, for the kernel to find: "eth%d".
  if (!isDeviceName(name.replace('%d', '0')) || name.length > LONGEST) refuse(field, name);
};

const devices = record(shape({ optional: { name: newName } }));

export const netDevices: Check = (value, field) => {
  devices(value, field);
  const taken = new Set<string>();
  for (const [host, { name }] of Object.entries(value as Record<string, { name?: string }>)) {
    if (!isDeviceName(host)) refuse(field, host);
    const wanted = name || host;
    if (taken.has(wanted) && !wanted.includes('%d')) {
      const place = `${field}.${host}`;
      throw new Fault('invalid', `${place}: two devices are to be called ${wanted}`, { field: place });
    }
    taken.add(wanted);
  }
};

/** Devices are moved into a network namespace of the container's own. */
export function checkNetDevices({ linux }: Spec): void {
  const asked = Object.keys(linux?.netDevices ?? {}).length > 0;
  if (!asked || linux?.namespaces?.some(({ type }) => type === 'network')) return;
  throw new Fault('invalid', `${FIELD}: the container needs a network namespace of its own`, { field: FIELD });
}

function isDeviceName(name: string): boolean {
  return name.length <= LONGEST && /^[^\s/:%]+$/.test(name) && name !== '.' && name !== '..';
}

function refuse(field: string, name: string): never {
  throw new Fault('invalid', `${field}: "${name}" is no name of a network device`, { field });
}
