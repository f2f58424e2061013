import type { NetworkResources } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';

/** Both controllers exist on version 1 only. */
export function networkLimits(network: NetworkResources): Limit[] {
  const origin = 'linux.resources.network';
  const limits: Limit[] = [];
  if (network.classID) {
    const value = String(network.classID);
    limits.push({ controller: 'net_cls', file: 'net_cls.classid', value, origin: `${origin}.classID` });
  }
  for (const [index, { name, priority }] of (network.priorities ?? []).entries()) {
    const value = `${name} ${priority}`;
    limits.push({
      controller: 'net_prio',
      file: 'net_prio.ifpriomap',
      value,
      origin: `${origin}.priorities[${index}]`,
    });
  }
  return limits;
}
