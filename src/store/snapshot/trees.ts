import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { RootMount } from '#kernel/root-mount.ts';
import type { TreePair } from '#kernel/tree-packer.ts';

interface Stack {
  base: string;
  /** Top first. */
  layers: readonly string[];
}

/** All that a mount shows. */
export function stackOf(mount: RootMount): Stack {
  if (mount.kind === 'overlay')
    return { base: mount.base, layers: [...(mount.upper === '' ? [] : [mount.upper]), ...mount.lower] };
  const holder = dirname(mount.path);
  return { base: dirname(holder), layers: [join(basename(holder), basename(mount.path))] };
}

/** A whole tree, compared with nothing. */
export function wholeTree(mount: RootMount): TreePair {
  const { base, layers } = stackOf(mount);
  return { base, upper: layers, lower: [], over: false };
}

/** A snapshot against what it stands on. */
export function ownChanges(mount: RootMount, below: RootMount | undefined): TreePair {
  const { base, layers } = stackOf(mount);
  if (mount.kind === 'overlay') return { base, upper: layers.slice(0, 1), lower: layers.slice(1), over: true };
  return { base, upper: layers, lower: below === undefined ? [] : stackOf(below).layers, over: false };
}

/** Two trees of any drivers, neither of which knows of the other. */
export function betweenTrees(upper: RootMount, lower: RootMount): TreePair {
  const [top, bottom] = [stackOf(upper), stackOf(lower)];
  if (top.base === bottom.base) return { base: top.base, upper: top.layers, lower: bottom.layers, over: false };
  const named = ({ base, layers }: Stack): string[] => layers.map((layer) => join(basename(base), layer));
  return { base: dirname(top.base), upper: named(top), lower: named(bottom), over: false };
}

/** An empty directory of the store's that the launcher mounts stacks of layers on, in namespaces of its own. */
export function stackPoint(root: string): string {
  const path = join(root, 'point');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}
