import type { Engine } from '#engine/engine.ts';
import { removeContainer } from '#engine/container/remove.ts';
import { mountedImages, unmountImage } from '#engine/image/mount.ts';
import { removeRecords } from '#engine/image/remove.ts';
import { volumeRecords } from '#engine/volume/record.ts';
import { removeVolume } from '#engine/volume/remove.ts';

export interface Reset {
  containers: number;
  volumes: number;
  images: number;
  /** Bytes of blobs and layers. */
  reclaimed: number;
}

/**
 * Removes all that a root has, each thing by its own use case: so it can be killed at any point, and other commands may
 * run beside it (what they make meanwhile stays). The empty database stays, since others may have it open.
 */
export async function resetSystem(engine: Engine, onFailure: (error: unknown) => void): Promise<Reset> {
  const each = async <T>(list: readonly T[], work: (one: T) => Promise<void>): Promise<number> => {
    let done = 0;
    for (const one of list) {
      await work(one).then(
        () => (done += 1),
        (error: unknown) => onFailure(error),
      );
    }
    return done;
  };
  const containers = await each(engine.containers.list(), (record) => removeContainer(engine, record, true, true));
  await each(mountedImages(engine), async ({ id }) => void (await unmountImage(engine, id, true)));
  const volumes = await each(volumeRecords(engine.database).list(), ({ name }) => removeVolume(engine, name));
  const images = removeImages(engine);
  const unfinished = engine.store.forgetUnfinished();
  const { bytes } = await engine.store.collect();
  await engine.store.reconcile();
  forgetPast(engine);
  return { containers, volumes, images, reclaimed: bytes + unfinished };
}

/** All names of all images and indexes in one step; what a new container has meanwhile been made from stays. */
function removeImages(engine: Engine): number {
  const { images, indexes } = engine.store;
  return engine.database.durably(() => {
    const found = images.list().filter(({ configDigest }) => engine.containers.usingImage(configDigest).length === 0);
    for (const { configDigest } of found) removeRecords(engine, configDigest, true);
    for (const { id } of indexes.list()) images.remove(id, { force: true, keep: false });
    return found.length;
  });
}

/** What was remembered of what is gone. */
function forgetPast({ database, containers }: Engine): void {
  database.transaction(() => {
    if (containers.list().length > 0) return;
    for (const table of ['event', 'accounts']) database.run(`DELETE FROM ${table}`);
  });
}
