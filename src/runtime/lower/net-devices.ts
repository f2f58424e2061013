import { Fault } from '#base/fault.ts';
import type { Step } from '#kernel/plan.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { joinedSlot, type LoweredNamespaces } from './namespaces.ts';

const FIELD = 'linux.netDevices';

export const hasNetDevices = ({ linux }: Spec): boolean => Object.keys(linux?.netDevices ?? {}).length > 0;

/**
 * linux.netDevices, by the first program, once the container's network namespace is there. A namespace that is the
 * host's own is no place to move a device of the host to.
 */
export function lowerNetDevices(spec: Spec, namespaces: LoweredNamespaces, isHosts: boolean, pidfd: string): Step[] {
  const devices = Object.entries(spec.linux?.netDevices ?? {});
  if (devices.length === 0) return [];
  if (isHosts)
    throw new Fault('invalid', `${FIELD}: the network namespace that is joined is the host's`, { field: FIELD });
  if (namespaces.isLate('network')) {
    const why = 'a new network namespace below a joined user namespace';
    throw new Fault('unsupported', `${FIELD}: ${why} cannot be given devices`, { field: FIELD });
  }
  const target = namespaces.isNew('network') ? pidfd : joinedSlot('network');
  return devices.map(([name, { name: newName = '' }]): Step => {
    return { op: 'moveDevice', target, name, newName, origin: `${FIELD}.${name}` };
  });
}
