import { isFault } from '#base/fault.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import type { Engine } from '#engine/engine.ts';

/** Bytes on disk of what a container has written; 0 for one that goes at this moment. */
export async function diskUsageOf(engine: Engine, { snapshotter, id }: ContainerRecord): Promise<number> {
  try {
    return (await engine.store.snapshotter(snapshotter).usage(id)).bytes;
  } catch (error) {
    if (isFault(error, 'notFound', 'corrupt')) return 0;
    throw error;
  }
}
