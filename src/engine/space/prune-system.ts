import { pruneContainers } from '#engine/container/prune.ts';
import type { Engine } from '#engine/engine.ts';
import { pruneImages, rehearsePrune } from '#engine/image/prune.ts';
import { rehearsed } from '#engine/image/rehearse.ts';
import type { ImageRemoval } from '#engine/image/remove.ts';
import { pruneVolumes } from '#engine/volume/prune.ts';

export const SYSTEM_PRUNE_FILTERS = ['until', 'label', 'label!'];

export interface SystemPruned {
  /** Whole ids. */
  containers: string[];
  images: ImageRemoval[];
  /** Names; none unless volumes were asked for. */
  volumes: string[];
  reclaimed: number;
}

export interface SystemPruneWish {
  all: boolean;
  dryRun: boolean;
  filters: readonly string[];
  /** Also the volumes that nobody named and no container has. */
  withVolumes: boolean;
}

/** Stopped containers first, so that what only they needed can go after them. */
export async function pruneSystem(
  engine: Engine,
  { all, dryRun, filters, withVolumes }: SystemPruneWish,
  onFailure: (error: unknown) => void,
): Promise<SystemPruned> {
  const containers = await pruneContainers(engine, { filters, dryRun }, onFailure);
  const images = dryRun
    ? rehearsed(engine, () => {
        // As if they had gone: their trees hold layers, and their records images.
        for (const id of containers.removed) {
          engine.database.run("DELETE FROM snapshot WHERE key = ? AND kind = 'container'", id);
          engine.containers.remove(id);
        }
        return rehearsePrune(engine, { all, filters });
      })
    : await pruneImages(engine, { all, filters, dryRun });
  const volumes = withVolumes
    ? await pruneVolumes(engine, { all: false, filters, dryRun, without: containers.removed })
    : { names: [], reclaimed: 0 };
  return {
    containers: containers.removed,
    images: images.removals,
    volumes: volumes.names,
    reclaimed: containers.reclaimed + images.reclaimed + volumes.reclaimed,
  };
}
