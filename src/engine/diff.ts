import { Fault, isFault } from '#base/fault.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import type { TreePair } from '#kernel/tree-packer.ts';
import { chainIds } from '#store/digest.ts';
import { betweenTrees, ownChanges, wholeTree } from '#store/snapshot/trees.ts';
import type { ImageRecord, TreeChange } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { mountedOver } from '#engine/container/changes.ts';
import { imageOf } from '#engine/container/image-of.ts';

export type { TreeChange } from '#store/store.ts';

export type DiffKind = 'container' | 'image';

/** One side of a comparison. */
interface Tree {
  /** Undefined for an image without layers. */
  mount: RootMount | undefined;
  below: RootMount | undefined;
  /** Layers that it stands on. */
  chainIds: readonly string[];
  skip: readonly string[];
}

/**
 * What a container, or an image's top layer, changes of what it stands on; with `base`, of that container or image.
 * Names are looked up among containers first. Throws `notFound`.
 */
export async function diff(
  engine: Engine,
  name: string,
  base: string | undefined,
  kinds: readonly DiffKind[],
): Promise<TreeChange[]> {
  const tree = find(engine, name, kinds);
  const other = base === undefined ? undefined : find(engine, base, kinds);
  if (tree.mount === undefined) return [];
  const sides = other === undefined ? [tree] : [tree, other];
  const changes = engine.store.changes({
    trees: treesOf(tree.mount, tree.below, other),
    chainIds: sides.flatMap((side) => side.chainIds),
    skip: sides.flatMap((side) => side.skip),
  });
  return changes.catch((error: unknown) => {
    needSame(engine, name, kinds, tree);
    if (base !== undefined && other !== undefined) needSame(engine, base, kinds, other);
    throw error;
  });
}

/** What has been removed while it was read is as missing as what there never was. */
function needSame(engine: Engine, name: string, kinds: readonly DiffKind[], { mount }: Tree): void {
  if (JSON.stringify(find(engine, name, kinds).mount) !== JSON.stringify(mount)) throw missing(name, kinds);
}

const missing = (name: string, kinds: readonly DiffKind[]): Fault =>
  new Fault('notFound', `No such ${kinds.join(' or ')}: ${name}`);

function treesOf(mount: RootMount, below: RootMount | undefined, other: Tree | undefined): TreePair {
  if (other === undefined) return ownChanges(mount, below);
  return other.mount === undefined ? wholeTree(mount) : betweenTrees(mount, other.mount);
}

const LOOKS: Record<DiffKind, (engine: Engine, name: string) => Tree | undefined> = {
  container: containerTree,
  image: (engine, name) => {
    const image = engine.store.images.find(name);
    return image === undefined ? undefined : imageTree(engine, image);
  },
};

function find(engine: Engine, name: string, kinds: readonly DiffKind[]): Tree {
  for (const kind of kinds) {
    const tree = LOOKS[kind](engine, name);
    if (tree !== undefined) return tree;
  }
  throw missing(name, kinds);
}

function containerTree(engine: Engine, name: string): Tree | undefined {
  try {
    const record = engine.containers.find(name);
    const { chainId } = imageOf(engine, record);
    const snapshots = engine.store.snapshotter(record.snapshotter);
    return {
      mount: snapshots.mounts(record.id),
      below: chainId === '' ? undefined : snapshots.mounts(chainId),
      chainIds: chainId === '' ? [] : [chainId],
      skip: mountedOver(record.options),
    };
  } catch (error) {
    if (isFault(error, 'notFound')) return undefined;
    throw error;
  }
}

function imageTree({ store: { snapshots } }: Engine, { layers }: ImageRecord): Tree {
  const chain = chainIds(layers.map(({ diffId }) => diffId));
  const [top, below] = [chain.at(-1), chain.at(-2)];
  return {
    mount: top === undefined ? undefined : snapshots.mounts(top),
    below: below === undefined ? undefined : snapshots.mounts(below),
    chainIds: top === undefined ? [] : [top],
    skip: [],
  };
}
