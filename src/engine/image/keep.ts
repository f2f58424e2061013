import { matchesGlob } from 'node:path';
import { familiarName, parseReference } from '#store/reference.ts';
import { imageUses, pinImage as pin } from '#store/image/use.ts';
import type { ImageRecord } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { findImage } from './history.ts';

export { imageUses, type ImageUse } from '#store/image/use.ts';

/** Keeps an image from every removal that does not name it, or no longer; gives its ID. Throws `notFound`. */
export function pinImage(engine: Engine, name: string, pinned: boolean): string {
  return engine.database.durably(() => pin(engine.database, findImage(engine, name).configDigest, pinned));
}

/** Whether the user has asked to keep an image: it is pinned, or a pattern of `[gc] keep` fits one of its names. */
export function keptImages(engine: Engine): (image: ImageRecord) => boolean {
  const uses = imageUses(engine.database);
  const patterns = engine.config?.gc.keep ?? [];
  return (image) => uses.get(image.configDigest)?.pinned === true || patterns.some((pattern) => names(image, pattern));
}

/** As people write names and in full, with their tag, without it, or by digest. */
function names({ names: tags, digests }: ImageRecord, pattern: string): boolean {
  return [...tags, ...digests].some((full) => {
    const { tag: _, digest: __, ...repository } = parseReference(full);
    const forms = [full, familiarName(parseReference(full)), familiarName(repository)];
    return forms.some((form) => form === pattern || matchesGlob(form, pattern));
  });
}
