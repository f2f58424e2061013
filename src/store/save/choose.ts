import { Fault } from '#base/fault.ts';
import type { Images } from '#store/image/images.ts';
import type { ImageRecord } from '#store/image/record.ts';
import { formatReference, parseReference, type Reference } from '#store/reference.ts';

/** An image to be saved, under the names that go with it. */
export interface ChosenImage {
  image: ImageRecord;
  names: Reference[];
}

/**
 * What `save A B` means, as docker reads it: a name with a tag is that one, a name without is all tags of the
 * repository, an ID or digest goes without a name. An image asked for twice is there once. Throws `notFound`.
 */
export function chooseImages(images: Pick<Images, 'find' | 'list'>, texts: readonly string[]): ChosenImage[] {
  const chosen = new Map<string, ChosenImage>();
  for (const text of texts) {
    for (const { image, names } of meantBy(images, text)) {
      const one = chosen.get(image.configDigest) ?? { image, names: [] };
      chosen.set(image.configDigest, one);
      const known = new Set(one.names.map(formatReference));
      one.names.push(...names.filter((name) => !known.has(formatReference(name))));
    }
  }
  return [...chosen.values()];
}

function meantBy(images: Pick<Images, 'find' | 'list'>, text: string): ChosenImage[] {
  const reference = asName(text);
  const wholeRepository = reference !== undefined && !/@|:[^/]*$/.test(text);
  if (wholeRepository) {
    const all = images.list().flatMap((image) => {
      const names = image.names.map(parseReference).filter((name) => sameRepository(name, reference));
      return names.length === 0 ? [] : [{ image, names }];
    });
    if (all.length > 0) return all;
  }
  const image = images.find(text);
  if (image === undefined) {
    throw new Fault('notFound', `No such image: ${text}`, { hint: 'sampan images lists the images there are.' });
  }
  const named = reference !== undefined && image.names.includes(formatReference(reference));
  return [{ image, names: named ? [reference] : [] }];
}

function asName(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}

const sameRepository = (a: Reference, b: Reference): boolean =>
  a.registry === b.registry && a.repository === b.repository;
