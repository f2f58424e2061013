import type { Database } from '#store/database.ts';
import type { Digest } from '#store/digest.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import { parseReference, type Reference } from '#store/reference.ts';

/**
 * For each blob another repository of the same registry that should hold it: one that an image with this blob was pulled
 * from or pushed to, which is what names by digest tell.
 */
export function mountSources(
  database: Database,
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  blobs: readonly Descriptor[],
): ReadonlyMap<Digest, string> {
  const found = new Map<Digest, string>();
  for (const { digest } of blobs) {
    const names = database.all<{ name: string }>(
      `SELECT DISTINCT name FROM image_name JOIN image_blob USING (image)
       WHERE kind = 'digest' AND digest = ? AND substr(name, 1, ?) = ? ORDER BY name`,
      digest,
      registry.length + 1,
      `${registry}/`,
    );
    const repositories = names.map(({ name }) => parseReference(name).repository);
    // Where this very repository is among them, the blob is most probably there already.
    const source = repositories.includes(repository) ? undefined : repositories[0];
    if (source !== undefined) found.set(digest, source);
  }
  return found;
}
