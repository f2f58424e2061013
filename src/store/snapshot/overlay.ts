import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import { hasMappedUsers } from '#kernel/user-namespace.ts';
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
  const sealed = new WeakMap<LayerDraft, readonly string[]>();
  return {
    driver: 'overlay',
    has: (chainId) => {
      const row = rows.find(chainId);
      return row?.kind === 'layer' && hasTree(parts, row.id);
    },
    draft: (directory) => overlayDraft(parts, directory, sealed),
    prepare: (key, parent) => Promise.resolve().then(() => database.transaction(() => prepare(parts, key, parent))),
    mounts: (key) => {
      const row = rows.need(key);
      needTree(parts, row);
      const below = rows.below(row.id).map(treeOf);
      if (row.kind === 'layer')
        return { kind: 'overlay', base, lower: [treeOf(row.id), ...below], upper: '', work: '', ...marks() };
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
  return { kind: 'overlay', base, lower, upper: treeOf(id), work: `${id}/work`, ...marks() };
}

const marks = (): { userMarks?: true } => (hasMappedUsers() ? { userMarks: true } : {});

/** `sealed` holds the trees of a draft and of all below it, top first. */
function overlayDraft(
  parts: DriverParts,
  directory: string,
  sealed: WeakMap<LayerDraft, readonly string[]>,
): LayerDraft {
  const tree = join(directory, 'fs');
  mkdirSync(tree, { recursive: true, mode: 0o755 });
  const draft: LayerDraft = {
    tree,
    seal: async (parent, implied = []) => {
      const below = typeof parent === 'object' ? sealed.get(parent) : layerTrees(parts, parent);
      if (below === undefined) throw new Fault('internal', 'seal on an unsealed draft');
      await (await import('./implied.ts')).settleImplied(parts, tree, below, implied);
      sealed.set(draft, [tree, ...below]);
    },
    sealed: () => tree,
    commit: (layer) => placeLayer(parts, layer, tree),
    replace: (layer) => replaceLayer(parts, layer, tree),
  };
  return draft;
}

/** Absolute trees of a layer and of all below it, top first. */
function layerTrees({ base, rows }: DriverParts, chainId: string | undefined): string[] {
  if (chainId === undefined || chainId === '') return [];
  const { id } = rows.need(chainId);
  return [id, ...rows.below(id)].map((one) => join(base, treeOf(one)));
}
