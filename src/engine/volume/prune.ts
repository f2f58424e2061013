import { isFault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { isTrue, listVolumes, volumeFilter } from './list.ts';
import { removeVolume } from './remove.ts';
import { volumeBytes } from './size.ts';

export const VOLUME_PRUNE_FILTERS = ['all', 'label', 'label!'];

export interface PrunedVolumes {
  names: string[];
  reclaimed: number;
}

export interface VolumePruneWish {
  all: boolean;
  filters: readonly string[];
  dryRun: boolean;
  /** Ids of containers that count as gone already. */
  without?: readonly string[];
}

/** Removes volumes that no container has: those that nobody named, or with `all` the others too. */
export async function pruneVolumes(
  engine: Engine,
  { all, filters, dryRun, without = [] }: VolumePruneWish,
): Promise<PrunedVolumes> {
  const wide = filters.filter((text) => text.startsWith('all=')).map((text) => isTrue('all', text.slice(4)));
  const holds = volumeFilter(
    filters.filter((text) => !text.startsWith('all=')),
    VOLUME_PRUNE_FILTERS,
  );
  const pruned: PrunedVolumes = { names: [], reclaimed: 0 };
  for (const volume of listVolumes(engine)) {
    const { record, users } = volume;
    if (users.some((user) => !without.includes(user)) || !holds(volume)) continue;
    if (!record.anonymous && !all && !wide.includes(true)) continue;
    const bytes = await volumeBytes(engine, record);
    if (!dryRun && !(await removed(engine, record.name))) continue;
    pruned.names.push(record.name);
    pruned.reclaimed += bytes;
  }
  return pruned;
}

/** One that has just gone, or that a container has just been given, is none of ours. */
async function removed(engine: Engine, name: string): Promise<boolean> {
  try {
    await removeVolume(engine, name);
    return true;
  } catch (error) {
    if (isFault(error, 'notFound', 'conflict')) return false;
    throw error;
  }
}
