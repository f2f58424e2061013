import type { Engine } from '#engine/engine.ts';
import { imageFilter } from './filter.ts';
import { keptImages } from './keep.ts';
import { listImages } from './list.ts';
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
 * Removes images without a tag, or with `all` every one that no container is made from, and what only they needed.
 * Pinned ones and those that the configuration keeps stay.
 */
export async function pruneImages(engine: Engine, request: PruneRequest): Promise<Pruned> {
  await engine.store.reconcile();
  if (request.dryRun) return rehearsed(engine, () => pruneRecords(engine, request));
  const pruned = engine.database.durably(() => pruneRecords(engine, request));
  await engine.store.collect();
  return pruned;
}

/** The records alone, inside a transaction of the caller's. */
export function pruneRecords(engine: Engine, { all, filters }: Pick<PruneRequest, 'all' | 'filters'>): Pruned {
  const dangling = filters.some((filter) => filter.startsWith('dangling='));
  const filter = imageFilter(engine, filters, PRUNE_FILTERS);
  const kept = keptImages(engine);
  const unused = listImages(engine)
    .filter((entry) => (all || dangling || entry.image.names.length === 0) && filter(entry) && !kept(entry.image))
    .map(({ image }) => image.configDigest)
    .filter((id) => engine.containers.usingImage(id).length === 0);
  const removals = [...new Set(unused)].map((id) => removeRecords(engine, id, true));
  return { removals, reclaimed: engine.store.collectable().bytes };
}
