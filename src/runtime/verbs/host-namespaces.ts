import { statSync } from 'node:fs';
import type { NamespaceType, Spec } from '#runtime/spec/spec.ts';

/** Names of the files below /proc/PID/ns. */
export const NAMESPACE_FILES: Readonly<Record<NamespaceType, string>> = {
  pid: 'pid',
  network: 'net',
  mount: 'mnt',
  ipc: 'ipc',
  uts: 'uts',
  user: 'user',
  cgroup: 'cgroup',
  time: 'time',
};

/** Namespaces that the configuration names by path and that are this process's own: joining them keeps nothing apart. */
export function hostNamespaces(spec: Spec): ReadonlySet<NamespaceType> {
  const joined = (spec.linux?.namespaces ?? []).filter(
    ({ type, path }) => path && isSame(path, `/proc/self/ns/${NAMESPACE_FILES[type]}`),
  );
  return new Set(joined.map(({ type }) => type));
}

function isSame(path: string, own: string): boolean {
  try {
    const [left, right] = [statSync(path), statSync(own)];
    return left.dev === right.dev && left.ino === right.ino;
  } catch {
    // It cannot be joined either, and the launcher says why.
    return false;
  }
}
