import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';

/** The root of a container without a mount namespace: mounted at its own path, over the mount of that number there. */
export interface HostRoot {
  path: string;
  /** 0: nothing was mounted at the path. */
  over: number;
}

/** To be recorded before anything is mounted. */
export function hostRoot(rootfs: string): HostRoot {
  const path = withoutLinks(rootfs);
  return { path, over: mountsAt(path).at(-1) ?? 0 };
}

/** How many mounts lie over what was there; none when that has gone meanwhile, as nothing is known then. */
export function mountsOver({ path, over }: HostRoot, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): number {
  const found = mountsAt(path, mountinfo);
  if (over === 0) return found.length;
  const below = found.indexOf(over);
  return below < 0 ? 0 : found.length - below - 1;
}

/** Numbers of the mounts at a path, the lowest first. */
function mountsAt(path: string, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): number[] {
  const escaped = path.replaceAll(/[\\ \t\n]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return mountinfo
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[4] === escaped)
    .map((fields) => Number(fields[0]));
}

/** The kernel's own name for the directory. */
function withoutLinks(path: string): string {
  const fd = openSync(path, 'r');
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}
