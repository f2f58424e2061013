import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readLayout, writeLayout } from '#tools/image/layout.ts';
import type { OciImage } from '#tools/image/oci-image.ts';
import { workDirectory } from '#tools/places.ts';

/** The image made before from the same inputs, or a new one; kept as an OCI layout below .work/cache/images. */
export function cachedImage(name: string, inputs: unknown, make: () => OciImage): OciImage {
  const key = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
  const directory = join(workDirectory('cache', 'images'), `${name}-${key}`);
  const before = readLayout(directory);
  if (before !== undefined) return before;
  const image = make();
  writeLayout(directory, image, name);
  return image;
}
