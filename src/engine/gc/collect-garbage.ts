import { formatDuration } from '#base/units.ts';
import type { GcSettings } from '#engine/config/gc.ts';
import type { Engine } from '#engine/engine.ts';
import { imageUses, keptImages } from '#engine/image/keep.ts';
import { rehearsed } from '#engine/image/rehearse.ts';
import { removeRecords } from '#engine/image/remove.ts';
import { familiarName, parseReference } from '#store/reference.ts';
import { imageMounts } from '#store/image/mounts.ts';
import type { ImageRecord } from '#store/store.ts';
import { bytesTooMany } from './room.ts';

export interface Garbage {
  /** Images that went, least recently used first. */
  removed: { id: string; names: string[]; unused: string }[];
  /** Bytes that were too many. */
  wanted: number;
  /** Bytes of layers, blobs and beginnings of blobs. */
  reclaimed: number;
  /** Bytes that are still too many, with nothing left that may go. */
  missing: number;
}

export interface GarbageRequest {
  settings: GcSettings;
  /** IDs of images that were just brought, which somebody is about to use. */
  spared?: readonly string[];
  /** Only tell what would go. */
  dryRun?: boolean;
}

interface Candidate {
  image: ImageRecord;
  used: number;
}

/**
 * Makes room: first what nothing needs, then images that no container is made from, the least recently used first,
 * until the low mark is reached. It never takes what a pull, a build or a run at this moment relies on: their leases
 * hold layers and blobs, and a container's record its image, both looked at in the same transaction.
 */
export async function collectGarbage(engine: Engine, request: GarbageRequest): Promise<Garbage> {
  const work = (): Garbage => removeUntil(engine, request, bytesTooMany(engine, request.settings));
  if (request.dryRun === true) return rehearsed(engine, work);
  const garbage = engine.database.durably(work);
  if (garbage.wanted > 0) engine.store.forgetUnfinished();
  await engine.store.collect();
  return garbage;
}

/**
 * The same unasked, by a process that has just brought something: only when a look is due and the high mark passed.
 * Gives a sentence for each image that went.
 */
export async function collectIfFull(engine: Engine, spared: readonly string[]): Promise<string[]> {
  const settings = engine.config?.gc;
  if (settings?.enabled !== true || !isDue(engine, settings.every)) return [];
  if (bytesTooMany(engine, settings) === 0) return [];
  const { removed } = await collectGarbage(engine, { settings, spared });
  return removed.map(
    ({ id, names, unused }) => `Removed the image ${names[0] ?? id} to make room: unused for ${unused}.`,
  );
}

/** One process looks for all. */
function isDue({ database }: Engine, every: number): boolean {
  const now = Date.now();
  return database.transaction(
    () =>
      database.run(
        `INSERT INTO looked (what, at) VALUES ('gc', ?1)
         ON CONFLICT (what) DO UPDATE SET at = ?1 WHERE at <= ?2 OR at > ?1`,
        now,
        now - every,
      ).changes > 0,
  );
}

function removeUntil(engine: Engine, request: GarbageRequest, wanted: number): Garbage {
  const removed: Garbage['removed'] = [];
  // What pulls that were cut off have left goes before any image.
  const unfinished = wanted > 0 ? engine.store.rehearseForgetting() : 0;
  let { bytes } = engine.store.collectable();
  for (const { image, used } of candidates(engine, request)) {
    if (unfinished + bytes >= wanted) break;
    const id = image.configDigest;
    // It may have gone along with an index.
    if (engine.store.images.find(id) === undefined) continue;
    removeRecords(engine, id, true, request.spared);
    const names = image.names.map((name) => familiarName(parseReference(name)));
    removed.push({ id, names, unused: formatDuration(Date.now() - used) });
    ({ bytes } = engine.store.collectable());
  }
  const reclaimed = unfinished + bytes;
  return { removed, wanted, reclaimed, missing: Math.max(0, wanted - reclaimed) };
}

/** Images that may go, least recently used first. What came from no registry could not be had again, so it stays. */
function candidates(engine: Engine, { settings: { minAge }, spared = [] }: GarbageRequest): Candidate[] {
  const uses = imageUses(engine.database);
  const kept = keptImages(engine);
  const mounts = imageMounts(engine.database);
  const limit = Date.now() - minAge;
  return engine.store.images
    .list()
    .map((image) => ({ image, used: uses.get(image.configDigest)?.used ?? 0 }))
    .filter(({ image, used }) => used <= limit && image.digests.length > 0 && !kept(image))
    .filter(({ image }) => !spared.includes(image.configDigest))
    .filter(
      ({ image: { configDigest: id } }) =>
        engine.containers.usingImage(id).length === 0 && mounts.find(id) === undefined,
    )
    .toSorted((a, b) => a.used - b.used);
}
