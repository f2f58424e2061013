import { Fault, isFault } from '#base/fault.ts';
import type { StoreParts } from '#store/parts.ts';
import type { ContentPlace } from './open.ts';
import { clientAt } from './registry-source.ts';

/** All tags of a repository, at the first of its places that answers. */
export async function tagsAt(parts: Pick<StoreParts, 'transport'>, at: ContentPlace): Promise<string[]> {
  if (at.kind !== 'registry') throw new Fault('invalid', 'list tags: only registries have them');
  let last: unknown = new Fault('internal', 'list tags: there is no place to ask');
  for (const place of at.places) {
    try {
      return await (await clientAt(parts, place, at.way)).tags();
    } catch (error) {
      if (!isFault(error, 'unavailable', 'notFound', 'denied', 'corrupt')) throw error;
      last = error;
    }
  }
  throw last;
}
