import { sentence } from '#base/fault.ts';
import { chainIds } from '#store/digest.ts';
import { isIndex, ownMediaType, parseManifest } from '#store/image/manifest.ts';
import type { ImageRecord } from '#store/image/record.ts';
import type { StoreParts } from '#store/parts.ts';
import { formatPlatform } from '#store/platform.ts';
import { describeImage } from '#store/pull/resolve.ts';

type Told = Pick<ImageRecord, 'configDigest' | 'chainId' | 'created' | 'platform' | 'config' | 'layers'>;

const FIELDS = ['configDigest', 'chainId', 'created', 'platform', 'config', 'layers'] as const;

/** Where a record and the documents that it was made from differ. Reads only documents that are right. */
export async function recordProblem(
  { blobs }: StoreParts,
  image: ImageRecord,
): Promise<{ problem: string; told: Told | undefined } | undefined> {
  let told: Told;
  try {
    const bytes = await blobs.read(image.manifestDigest);
    const manifest = parseManifest(bytes, ownMediaType(bytes));
    if (isIndex(manifest)) return { problem: 'its manifest is an index', told: undefined };
    const { config } = describeImage(
      { bytes, digest: image.manifestDigest },
      manifest,
      await blobs.read(manifest.config.digest),
    );
    told = {
      configDigest: manifest.config.digest,
      chainId: chainIds(config.diffIds).at(-1) ?? '',
      created: config.created,
      platform: formatPlatform(config.platform),
      config: config.config,
      layers: manifest.layers.map((layer, at) => ({ ...layer, diffId: config.diffIds[at] ?? layer.digest })),
    };
  } catch (error) {
    return { problem: `its documents cannot be read: ${sentence(error)}`, told: undefined };
  }
  const wrong = FIELDS.filter((field) => canonical(told[field]) !== canonical(image[field]));
  if (wrong.length === 0) return undefined;
  const right = told.configDigest === image.configDigest ? told : undefined;
  return { problem: `the record differs from the documents in ${wrong.join(', ')}`, told: right };
}

/** Writes the record as the documents say, if the image is still there. Parsers differ in nothing but order. */
export function mendRecord({ database, images }: StoreParts, image: ImageRecord, told: Told): void {
  database.durably(() => {
    if (images.find(image.configDigest) !== undefined) images.put({ ...image, ...told }, []);
  });
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
