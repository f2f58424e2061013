import { familiarName, parseReference } from '#store/reference.ts';
import type { ImageRecord } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';

export interface ListedImage {
  /** `<none>` for an image without a name. */
  repository: string;
  tag: string;
  image: ImageRecord;
}

/** One entry for each name of each image. */
export function listImages(engine: Engine): ListedImage[] {
  return engine.store.images.list().flatMap(namesOf);
}

function namesOf(image: ImageRecord): ListedImage[] {
  if (image.names.length === 0) return [{ repository: '<none>', tag: '<none>', image }];
  return image.names.map((name) => {
    const { tag, digest, ...place } = parseReference(name);
    const repository = familiarName(place).replace(/:latest$/, '');
    return { repository, tag: tag ?? (digest === undefined ? 'latest' : '<none>'), image };
  });
}
