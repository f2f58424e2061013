import { isFault } from '#base/fault.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import type { Engine } from '#engine/engine.ts';

/** What a container has written, and that with its image, under docker's names. */
export async function containerSizes(
  engine: Engine,
  record: ContainerRecord,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const own = await diskUsageOf(engine, record);
  return { SizeRw: own, SizeRootFs: own + (engine.store.images.find(record.imageId)?.size ?? 0) };
}

/** Bytes on disk of what a container has written; 0 for one that goes at this moment. */
export async function diskUsageOf(engine: Engine, { snapshotter, id }: ContainerRecord): Promise<number> {
  try {
    return (await engine.store.snapshotter(snapshotter).usage(id)).bytes;
  } catch (error) {
    if (isFault(error, 'notFound', 'corrupt')) return 0;
    throw error;
  }
}
