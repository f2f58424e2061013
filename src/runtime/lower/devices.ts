import { FILE_TYPE, OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { Device, Spec } from '#runtime/spec/spec.ts';
import { isBind } from './mounts.ts';

/** Nodes that every container has (runtime-spec, "Default Devices"). */
const DEFAULT_DEVICES: readonly Device[] = [
  { path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o666 },
  { path: '/dev/zero', type: 'c', major: 1, minor: 5, fileMode: 0o666 },
  { path: '/dev/full', type: 'c', major: 1, minor: 7, fileMode: 0o666 },
  { path: '/dev/random', type: 'c', major: 1, minor: 8, fileMode: 0o666 },
  { path: '/dev/urandom', type: 'c', major: 1, minor: 9, fileMode: 0o666 },
  { path: '/dev/tty', type: 'c', major: 5, minor: 0, fileMode: 0o666 },
];

const LINKS: readonly (readonly [string, string])[] = [
  ['/dev/ptmx', 'pts/ptmx'],
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/core', '/proc/kcore'],
];

export interface LoweredDevices {
  /** Host nodes opened while the host's tree is in sight (user namespaces only). */
  open: Step[];
  make: Step[];
}

/** A /dev bound from the host is taken as it is. In a user namespace nodes are bound, since none can be made. */
export function lowerDevices(spec: Spec, inUserNamespace: boolean): LoweredDevices {
  const lowered: LoweredDevices = { open: [], make: [] };
  if ((spec.mounts ?? []).some((mount) => isBind(mount) && mount.destination.replace(/\/+$/, '') === '/dev'))
    return lowered;
  const own = spec.linux?.devices ?? [];
  const taken = new Set(own.map((device) => device.path));
  const devices = [
    ...DEFAULT_DEVICES.filter((device) => !taken.has(device.path)).map((device) => ({
      device,
      origin: 'default devices',
    })),
    ...own.map((device, index) => ({ device, origin: `linux.devices[${index}]` })),
  ];
  // A link of the image at /dev would have the nodes planted elsewhere, on a volume for instance.
  lowered.make.push({ op: 'mkpath', root: 'root', path: '/dev', mode: 0o755, nofollow: 1, origin: 'default devices' });
  for (const { device, origin } of devices) {
    if (!inUserNamespace || device.type === 'p') {
      lowered.make.push(mknod(device, origin));
      continue;
    }
    const source = `device:${device.path}`;
    lowered.open.push({ op: 'open', path: device.path, flags: OPEN.path, out: source, origin });
    lowered.make.push(
      { op: 'bindDevice', root: 'root', path: device.path, source, origin },
      { op: 'close', slot: source, origin },
    );
  }
  for (const [path, target] of LINKS) {
    // An image may bring its own; it keeps it.
    lowered.make.push({ op: 'symlink', root: 'root', path, target, onError: 'ignore', origin: 'default devices' });
  }
  return lowered;
}

function mknod(device: Device, origin: string): Step {
  const type = device.type === 'p' ? FILE_TYPE.fifo : device.type === 'b' ? FILE_TYPE.block : FILE_TYPE.character;
  return {
    op: 'mknod',
    root: 'root',
    path: device.path,
    mode: type | ((device.fileMode ?? 0o666) & 0o7777),
    major: device.major ?? 0,
    minor: device.minor ?? 0,
    uid: device.uid ?? 0,
    gid: device.gid ?? 0,
    origin,
  };
}
