import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { openWorkArea } from '#store/content/work-area.ts';
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

/**
 * Whole trees, for file systems and kernels without overlay: a layer's tree is a copy of the one below with the layer
 * merged into it, a container's one is a copy of its layer's. `root` is the store's, for work areas.
 */
export function copySnapshotter(parts: DriverParts, root: string): Snapshotter {
  const { base, rows } = parts;
  const sealed = new WeakMap<LayerDraft, string>();
  return {
    driver: 'copy',
    has: (chainId) => {
      const row = rows.find(chainId);
      return row?.kind === 'layer' && hasTree(parts, row.id);
    },
    draft: (directory) => copyDraft(parts, directory, sealed),
    prepare: (key, parent) => prepare(parts, root, key, parent === '' ? undefined : parent),
    mounts: (key) => {
      const row = rows.need(key);
      needTree(parts, row);
      return { kind: 'directory', path: join(base, treeOf(row.id)) };
    },
    size: (chainId) => rows.size(rows.need(chainId).id),
    remove: (key) => removeSnapshot(parts, key),
    usage: (key) => snapshotUsage(parts, key),
    list: () => rows.list(),
  };
}

/** The copy is made aside, so that an interrupted one is never taken for a container's tree. */
async function prepare(parts: DriverParts, root: string, key: string, parent: string | undefined): Promise<RootMount> {
  const { base, rows, database, launcher } = parts;
  const exists = (): Fault => new Fault('alreadyExists', `a snapshot "${key}" exists`, { facts: { key } });
  if (rows.find(key) !== undefined) throw exists();
  const area = openWorkArea(root, launcher);
  try {
    const tree = join(area.path, 'fs');
    mkdirSync(tree, { mode: 0o755 });
    if (parent !== undefined) await copyTree(parts, layerTree(parts, parent), tree);
    const id = database.transaction(() => {
      const made = rows.insert(key, 'container', parent === undefined ? undefined : rows.need(parent).id);
      renameSync(tree, join(freshDirectory(parts, made), 'fs'));
      return made;
    });
    return { kind: 'directory', path: join(base, treeOf(id)) };
  } finally {
    await area.remove();
  }
}

function layerTree(parts: DriverParts, chainId: string): string {
  const row = parts.rows.need(chainId);
  needTree(parts, row);
  return join(parts.base, treeOf(row.id));
}

async function copyTree(parts: DriverParts, from: string, to: string): Promise<void> {
  await parts.launcher.merge(from, to);
  copyRootAttributes(from, to);
}

function copyDraft(parts: DriverParts, directory: string, sealed: WeakMap<LayerDraft, string>): LayerDraft {
  const tree = join(directory, 'fs');
  const merged = join(directory, 'merged');
  mkdirSync(tree, { recursive: true, mode: 0o755 });
  const draft: LayerDraft = {
    tree,
    seal: async (parent, implied = []) => {
      mkdirSync(merged, { mode: 0o755 });
      const below = typeof parent === 'object' ? sealed.get(parent) : parent && layerTree(parts, parent);
      if (typeof parent === 'object' && below === undefined) throw new Fault('internal', 'seal on an unsealed draft');
      await (
        await import('./implied.ts')
      ).settleImplied(parts, tree, below === undefined || below === '' ? [] : [below], implied);
      if (below !== undefined) await copyTree(parts, below, merged);
      await copyTree(parts, tree, merged);
      await parts.launcher.remove(directory, 'fs');
      sealed.set(draft, merged);
    },
    sealed: () => merged,
    commit: (layer) => placeLayer(parts, layer, merged),
    replace: (layer) => replaceLayer(parts, layer, merged),
  };
  return draft;
}
