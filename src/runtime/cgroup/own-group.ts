import { readFileSync } from 'node:fs';
import type { CgroupLayout } from '#kernel/cgroup-layout.ts';
import type { SubGroup } from './sub-group.ts';

/**
 * On version 2 a group that hands controllers down takes no processes: then a further program goes where the container's
 * init is, which has moved itself. `top` is the container's own group.
 */
export function ownGroup({ mode, unified }: CgroupLayout, top: string | undefined, pid: number): SubGroup[] {
  if (mode !== 'v2' || unified === undefined || top === undefined) return [];
  if (!readText(top, 'cgroup.subtree_control')) return [];
  const within = `${top.slice(unified.mountPoint.length)}/`;
  const path = /^0::(.*)$/m.exec(readText(`/proc/${pid}`, 'cgroup'))?.[1] ?? '';
  return path.startsWith(within) ? [{ path: path.slice(within.length) }] : [];
}

function readText(directory: string, file: string): string {
  try {
    return readFileSync(`${directory}/${file}`, 'latin1').trim();
  } catch {
    return '';
  }
}
