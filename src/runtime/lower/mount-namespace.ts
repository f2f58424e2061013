import { Fault } from '#base/fault.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import type { LowerContext } from './context.ts';
import { hasHooks } from './hooks.ts';

/**
 * Where the container's mounts are made: in a namespace of its own, in one joined by its path, or in the caller's (no
 * namespace, or the caller's by its path). In the last the root is one mount at its own path, below which everything
 * else is: it is left by chroot, and taken off as a whole when the container is removed.
 */
export type MountPlace = 'own' | 'joined' | 'host';

const FIELD = 'linux.namespaces';

export function mountPlace(spec: Spec, { hostNamespaces, root }: LowerContext): MountPlace {
  const namespaces = spec.linux?.namespaces ?? [];
  const own = namespaces.find(({ type }) => type === 'mount');
  if (own !== undefined && !own.path) return 'own';
  const place = own === undefined || hostNamespaces?.has('mount') === true ? 'host' : 'joined';
  const refuse = (why: string): never => {
    throw new Fault('unsupported', `${FIELD}: ${why}`, { field: FIELD });
  };
  if (root.kind !== 'directory') refuse('an overlay is mounted in a mount namespace of its own only');
  if (place === 'host' && namespaces.some(({ type }) => type === 'user')) {
    refuse('a user namespace has no right to mount without a mount namespace of its own');
  }
  // They would be looked up in a tree of somebody else's making, with the rights of the runtime.
  if (place === 'joined' && hasHooks(spec, 'createContainer')) {
    refuse('createContainer hooks cannot be run in a mount namespace that is joined');
  }
  return place;
}
