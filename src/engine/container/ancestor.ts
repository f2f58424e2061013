import type { Engine } from '#engine/engine.ts';
import type { ImageRecord } from '#store/store.ts';
import type { ContainerRecord } from './record.ts';

/** Whether a container's image is the named one, or one whose layers begin with all of the named one's. */
export function madeFrom(engine: Engine, name: string): (record: ContainerRecord) => boolean {
  const ancestor = engine.store.images.find(name);
  if (ancestor === undefined) return () => false;
  const known = new Map<string, boolean>();
  return ({ imageId }) => {
    const before = known.get(imageId);
    if (before !== undefined) return before;
    const image = engine.store.images.find(imageId);
    const isOne = image !== undefined && descends(image, ancestor);
    known.set(imageId, isOne);
    return isOne;
  };
}

function descends(image: ImageRecord, ancestor: ImageRecord): boolean {
  if (image.configDigest === ancestor.configDigest) return true;
  const { layers } = ancestor;
  return layers.length > 0 && layers.every(({ diffId }, at) => image.layers[at]?.diffId === diffId);
}
