import { imageMounts } from '#store/image/mounts.ts';
import type { Engine } from '#engine/engine.ts';
import { imageFilter } from './filter.ts';
import { keptImages } from './keep.ts';
import { listImages, listIndexes } from './list.ts';
import { rehearsed } from './rehearse.ts';
import { removeRecords, type ImageRemoval } from './remove.ts';

export const PRUNE_FILTERS = ['until', 'unused-for', 'label', 'label!', 'dangling'];

export interface PruneRequest {
  /** Images with names too, as long as no container is made from them. */
  all: boolean;
  filters: readonly string[];
  /** Only tell what would go. */
  dryRun: boolean;
}

export interface Pruned {
  removals: ImageRemoval[];
  /** Bytes of layers and blobs. */
  reclaimed: number;
}

/**
 * Removes images without a tag, or with `all` every one that no container is made from, what only they needed, and what
 * pulls that were cut off have left. Pinned ones and those that the configuration keeps stay.
 */
export async function pruneImages(engine: Engine, request: PruneRequest): Promise<Pruned> {
  await engine.store.reconcile();
  if (request.dryRun) return rehearsed(engine, () => rehearsePrune(engine, request));
  const removals = engine.database.durably(() => removeUnused(engine, request));
  const unfinished = engine.store.forgetUnfinished();
  const { bytes } = await engine.store.collect();
  return { removals, reclaimed: unfinished + bytes };
}

/** The records alone, for a transaction that is rolled back. */
export function rehearsePrune(engine: Engine, request: Pick<PruneRequest, 'all' | 'filters'>): Pruned {
  const removals = removeUnused(engine, request);
  const unfinished = engine.store.rehearseForgetting();
  return { removals, reclaimed: unfinished + engine.store.collectable().bytes };
}

function removeUnused(engine: Engine, { all, filters }: Pick<PruneRequest, 'all' | 'filters'>): ImageRemoval[] {
  const dangling = filters.some((filter) => filter.startsWith('dangling='));
  const filter = imageFilter(engine, filters, PRUNE_FILTERS);
  const kept = keptImages(engine);
  const mounts = imageMounts(engine.database);
  const every = all || filters.includes('dangling=false');
  const isThere = (id: string): boolean =>
    engine.store.images.find(id) !== undefined || engine.store.indexes.find(id) !== undefined;
  const unused = [...listImages(engine), ...(every ? listIndexes(engine) : [])]
    .filter((entry) => (all || dangling || entry.image.names.length === 0) && filter(entry) && !kept(entry.image))
    // Those without a tag first: an index that goes takes them along.
    .toSorted((a, b) => Math.sign(a.image.names.length) - Math.sign(b.image.names.length))
    .map(({ image }) => image.configDigest)
    .filter((id) => engine.containers.usingImage(id).length === 0 && mounts.find(id) === undefined);
  return [...new Set(unused)].flatMap((id) => (isThere(id) ? [removeRecords(engine, id, true)] : []));
}
