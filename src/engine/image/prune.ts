import { imageMounts } from '#store/image/mounts.ts';
import type { Engine } from '#engine/engine.ts';
import { imageFilter } from './filter.ts';
import { listImages, listIndexes } from './list.ts';
import { removeRecords, type ImageRemoval } from './remove.ts';

export const PRUNE_FILTERS = ['until', 'label', 'label!'];

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
 * pulls that were cut off have left.
 */
export async function pruneImages(engine: Engine, request: PruneRequest): Promise<Pruned> {
  await engine.store.reconcile();
  if (request.dryRun) return rehearse(engine, request);
  const removals = engine.database.durably(() => removeUnused(engine, request));
  const unfinished = engine.store.forgetUnfinished();
  const { bytes } = await engine.store.collect();
  return { removals, reclaimed: unfinished + bytes };
}

/** Does it in a transaction that is rolled back, so that what is told is what would happen. */
function rehearse(engine: Engine, request: PruneRequest): Pruned {
  let told: Pruned | undefined;
  const back = new Error('only a rehearsal');
  try {
    engine.database.transaction(() => {
      const removals = removeUnused(engine, request);
      const unfinished = engine.store.rehearseForgetting();
      told = { removals, reclaimed: unfinished + engine.store.collectable().bytes };
      throw back;
    });
  } catch (error) {
    if (error !== back) throw error;
  }
  return told ?? { removals: [], reclaimed: 0 };
}

function removeUnused(engine: Engine, { all, filters }: PruneRequest): ImageRemoval[] {
  const filter = imageFilter(engine, filters, PRUNE_FILTERS);
  const mounts = imageMounts(engine.database);
  const unused = [...listImages(engine), ...(all ? listIndexes(engine) : [])]
    .filter((entry) => (all || entry.image.names.length === 0) && filter(entry))
    .map(({ image }) => image.configDigest)
    .filter((id) => engine.containers.usingImage(id).length === 0 && mounts.find(id) === undefined);
  return [...new Set(unused)].map((id) => removeRecords(engine, id, true));
}
