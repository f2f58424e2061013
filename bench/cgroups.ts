import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

function removeTree(path: string): void {
  let children: string[];
  try {
    children = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return;
  }
  for (const child of children) removeTree(join(path, child));
  try {
    rmdirSync(path);
  } catch {
    // A process of it is still ending; the group is empty of ours and named for this run.
  }
}

/** Removes the cgroup `/NAME` of the benchmark from every hierarchy. */
export function removeCgroups(name: string): void {
  for (const hierarchy of ['', ...readdirSync(ROOT)]) removeTree(join(ROOT, hierarchy, name));
}
