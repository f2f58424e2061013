import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import type { ImageRecord } from '#store/store.ts';
import type { ContainerRecord } from './record.ts';

/** The image that a container was made from. It cannot be removed while the container is there. */
export function imageOf(engine: Engine, record: ContainerRecord): ImageRecord {
  const image = engine.store.images.find(record.imageId);
  if (image !== undefined) return image;
  throw new Fault('corrupt', `find the image of container ${record.name}: ${record.imageId} is gone from the store`, {
    hint: `Pull ${record.imageName} again.`,
  });
}
