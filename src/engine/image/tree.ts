import { chainIds } from '#store/digest.ts';
import { familiarName, parseReference } from '#store/reference.ts';
import type { ImageRecord } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { findImage } from './history.ts';

export interface LayerOfTree {
  /** Chain ID: the layer and all below it. */
  id: string;
  /** Bytes of its files. */
  size: number;
  /** Images whose top layer it is, as people write their names. */
  topOf: string[];
}

const shown = (name: string): string => familiarName(parseReference(name));

/** The layers of an image, bottom first. Throws `notFound`. */
export function imageLayers(engine: Engine, name: string): { image: ImageRecord; layers: LayerOfTree[] } {
  const image = findImage(engine, name);
  const { images } = engine.store;
  const tops = new Map<string, string[]>();
  for (const { chainId, names } of images.list()) {
    tops.set(chainId, [...(tops.get(chainId) ?? []), ...names.map(shown)]);
  }
  const layers = chainIds(image.layers.map(({ diffId }) => diffId)).map((id) => ({
    id,
    size: images.layerSize(id),
    topOf: tops.get(id) ?? [],
  }));
  return { image, layers };
}

export interface ImageBranch {
  image: ImageRecord;
  names: string[];
  /** Bytes of its blobs. */
  content: number;
  /** Of the blobs and of the unpacked files. */
  disk: number;
  inUse: boolean;
}

/** For each image what it takes, as it was recorded. */
export function imageBranches(engine: Engine, images: readonly ImageRecord[]): ImageBranch[] {
  return images.map((image) => {
    const content =
      engine.database.get<{ bytes: number | null }>(
        'SELECT sum(b.size) AS bytes FROM image_blob i JOIN blob b ON b.digest = i.digest WHERE i.image = ?',
        image.configDigest,
      )?.bytes ?? 0;
    return {
      image,
      names: image.names.map(shown),
      content,
      disk: content + image.size,
      inUse: engine.containers.usingImage(image.configDigest).length > 0,
    };
  });
}
