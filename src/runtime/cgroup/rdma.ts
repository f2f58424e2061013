import type { RdmaLimit } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';

/** One line per device, the same on both versions; what is not given stays as it is. */
export function rdmaLimits(rdma: Readonly<Record<string, RdmaLimit>>): Limit[] {
  return Object.entries(rdma).flatMap(([device, { hcaHandles, hcaObjects }]): Limit[] => {
    const parts = [
      ...(typeof hcaHandles === 'number' ? [`hca_handle=${hcaHandles}`] : []),
      ...(typeof hcaObjects === 'number' ? [`hca_object=${hcaObjects}`] : []),
    ];
    const value = [device, ...parts].join(' ');
    const origin = `linux.resources.rdma.${device}`;
    return parts.length === 0 ? [] : [{ controller: 'rdma', file: 'rdma.max', value, origin }];
  });
}
