import { familiarName, parseReference } from '#store/reference.ts';
import type { ImageRecord } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';

export interface ListedImage {
  /** `<none>` for an image without a name. */
  repository: string;
  tag: string;
  /** What the repository calls it by digest, or `<none>`. */
  digest: string;
  image: ImageRecord;
}

export const NONE = '<none>';

/** One entry for each name of each image, newest first. */
export function listImages(engine: Engine): ListedImage[] {
  return engine.store.images
    .list()
    .toSorted((a, b) => b.created - a.created)
    .flatMap(namesOf);
}

/** The same for names that mean an index or artifact and no image that is unpacked. */
export function listIndexes(engine: Engine): ListedImage[] {
  const { images, indexes } = engine.store;
  const taken = new Set(images.list().flatMap(({ names, digests }) => [...names, ...digests]));
  return indexes.list().flatMap(({ id, names, digests, size, created }) => {
    const free = (name: string): boolean => !taken.has(name);
    const record = { manifestDigest: id, configDigest: id, chainId: '', platform: '', config: {}, layers: [] };
    const own = { ...record, names: names.filter(free), digests: digests.filter(free), size, created };
    return own.names.length + own.digests.length === 0 ? [] : namesOf(own);
  });
}

/** A tag each; a repository that only has digests of the image gives one entry. */
export function namesOf(image: ImageRecord): ListedImage[] {
  const digests = new Map<string, string>();
  for (const name of image.digests) {
    const { repository, digest } = placeOf(name);
    if (!digests.has(repository)) digests.set(repository, digest);
  }
  const tagged = image.names.map(placeOf).map(({ repository, tag }) => ({
    repository,
    tag,
    digest: digests.get(repository) ?? NONE,
    image,
  }));
  for (const { repository } of tagged) digests.delete(repository);
  const others = [...digests].map(([repository, digest]) => ({ repository, tag: NONE, digest, image }));
  const all = [...tagged, ...others];
  return all.length === 0 ? [{ repository: NONE, tag: NONE, digest: NONE, image }] : all;
}

function placeOf(name: string): { repository: string; tag: string; digest: string } {
  const { tag, digest, ...place } = parseReference(name);
  return { repository: familiarName(place), tag: tag ?? NONE, digest: digest ?? NONE };
}

/** A name in full as people write it. */
export function familiar(name: string): string {
  return familiarName(parseReference(name));
}
