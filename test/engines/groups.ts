/** The only things of the engines that their namespaces do not take along: the parents of their control groups. */
import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
const PARENTS = ['default', 'docker', 'k8s.io', 'libpod_parent', 'sampan-test-engines'];

const parents = (): string[] =>
  readdirSync(ROOT)
    .flatMap((tree) => PARENTS.map((name) => join(ROOT, tree, name)))
    .filter(isThere);

function isThere(path: string): boolean {
  try {
    return readdirSync(path).length > 0;
  } catch {
    return false;
  }
}

function removeTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  try {
    rmdirSync(path);
  } catch {
    // An engine that is still running has something in it.
  }
}

/** Call the result at the end: it removes those that have come since. */
export function rememberGroups(): () => void {
  const before = parents();
  return () => {
    for (const path of parents().filter((one) => !before.includes(one))) removeTree(path);
  };
}
