import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RootMount } from '#kernel/root-mount.ts';
import {
  copyRootAttributes,
  freshDirectory,
  hasTree,
  needTree,
  placeLayer,
  removeSnapshot,
  snapshotUsage,
  treeOf,
  type DriverParts,
} from './directories.ts';
import type { LayerDraft, Snapshotter } from './port.ts';
import { replaceLayer } from './replace.ts';

/** Layers side by side, put on top of each other by the kernel's overlay file system when a container starts. */
export function overlaySnapshotter(parts: DriverParts): Snapshotter {
  const { base, rows, database } = parts;
  return {
    driver: 'overlay',
    has: (chainId) => {
      const row = rows.find(chainId);
      return row?.kind === 'layer' && hasTree(parts, row.id);
    },
    draft: (directory) => overlayDraft(parts, directory),
    prepare: (key, parent) => Promise.resolve().then(() => database.transaction(() => prepare(parts, key, parent))),
    mounts: (key) => {
      const row = rows.need(key);
      needTree(parts, row);
      const below = rows.below(row.id).map(treeOf);
      if (row.kind === 'layer')
        return { kind: 'overlay', base, lower: [treeOf(row.id), ...below], upper: '', work: '' };
      return containerMount(base, row.id, below);
    },
    size: (chainId) => rows.size(rows.need(chainId).id),
    remove: (key) => removeSnapshot(parts, key),
    usage: (key) => snapshotUsage(parts, key),
    list: () => rows.list(),
  };
}

function prepare(parts: DriverParts, key: string, parent: string | undefined): RootMount {
  const { base, rows } = parts;
  const below = parent === undefined || parent === '' ? undefined : rows.need(parent);
  if (below !== undefined) needTree(parts, below);
  const id = rows.insert(key, 'container', below?.id);
  const directory = freshDirectory(parts, id);
  mkdirSync(join(directory, 'fs'), { mode: 0o755 });
  mkdirSync(join(directory, 'work'), { mode: 0o700 });
  if (below !== undefined) copyRootAttributes(join(base, treeOf(below.id)), join(directory, 'fs'));
  return containerMount(base, id, rows.below(id).map(treeOf));
}

/** The kernel wants at least one lower directory; without layers the container's tree is a plain one. */
function containerMount(base: string, id: number, lower: readonly string[]): RootMount {
  if (lower.length === 0) return { kind: 'directory', path: join(base, treeOf(id)) };
  return { kind: 'overlay', base, lower, upper: treeOf(id), work: `${id}/work` };
}

function overlayDraft(parts: DriverParts, directory: string): LayerDraft {
  const tree = join(directory, 'fs');
  mkdirSync(tree, { recursive: true, mode: 0o755 });
  return {
    tree,
    seal: () => Promise.resolve(),
    sealed: () => tree,
    commit: (layer) => placeLayer(parts, layer, tree),
    replace: (layer) => replaceLayer(parts, layer, tree),
  };
}
