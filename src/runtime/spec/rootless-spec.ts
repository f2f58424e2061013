import type { Mount, Spec } from './spec.ts';

interface User {
  uid: number;
  gid: number;
}

/**
 * The starting point changed to what an ordinary user can have: they are root in a user namespace, on the host's network, and
 * nothing asks for a control group. An id that would have no number there is left out.
 */
export function rootlessSpec(spec: Spec, { uid, gid }: User): Spec {
  const { resources: _, ...linux } = spec.linux ?? {};
  const kept = (linux.namespaces ?? []).filter(({ type }) => type !== 'network' && type !== 'cgroup');
  return {
    ...spec,
    mounts: (spec.mounts ?? []).map(withoutIds).map((mount) => (mount.destination === '/sys' ? hostSys(mount) : mount)),
    linux: {
      ...linux,
      namespaces: [...kept, { type: 'cgroup' }, { type: 'user' }],
      uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
      gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
    },
  };
}

/** A new sysfs is for who owns the network namespace. */
function hostSys({ destination }: Mount): Mount {
  return { destination, type: 'bind', source: '/sys', options: ['rbind', 'rnosuid', 'rnoexec', 'rnodev', 'rro'] };
}

function withoutIds(mount: Mount): Mount {
  const { options } = mount;
  return options === undefined ? mount : { ...mount, options: options.filter((option) => !/^[ug]id=/.test(option)) };
}
