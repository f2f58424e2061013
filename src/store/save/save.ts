import { Fault } from '#base/fault.ts';
import { newOwner } from '#store/content/work-area.ts';
import type { Digest } from '#store/digest.ts';
import { asText, parseJson } from '#store/image/json.ts';
import type { ImageRecord } from '#store/image/record.ts';
import { blobName } from '#store/load/content.ts';
import type { StoreParts } from '#store/parts.ts';
import { verified } from '#store/pull/verified.ts';
import { OCI_MANIFEST } from '#store/registry/media-types.ts';
import { chooseImages, type ChosenImage } from './choose.ts';
import { dockerDocument, indexDocument, LAYOUT_FILE, layoutDocument, type SavedManifest } from './documents.ts';

/**
 * Both archives are OCI layouts with the blobs as they are; docker-archive has docker's `manifest.json` as well. They
 * are told apart because some programs take the first description that they find.
 */
export type SaveFormat = 'docker-archive' | 'oci-archive' | 'oci-dir';

/** A file of what is saved, in the order of writing. */
export interface SavedFile {
  name: string;
  size: number;
  content: AsyncIterable<Uint8Array>;
}

/**
 * Hands over the files that make up the images named, each blob verified as it is read, while a lease keeps them.
 * Throws `notFound`, and `corrupt` for blobs that are lost or damaged.
 */
export async function save(
  parts: StoreParts,
  names: readonly string[],
  format: SaveFormat,
  write: (files: readonly SavedFile[]) => Promise<void>,
): Promise<void> {
  const { database, leases, images } = parts;
  const owner = newOwner();
  try {
    const chosen = database.transaction(() => {
      const found = chooseImages(images, names);
      for (const { image } of found) for (const { digest } of blobsOf(image)) leases.take(owner, 'blob', digest);
      return found;
    });
    for (const { image } of chosen) checkWhole(parts, image);
    await write(await filesOf(parts, chosen, format));
  } finally {
    leases.release(owner);
  }
}

async function filesOf(
  parts: StoreParts,
  chosen: readonly ChosenImage[],
  format: SaveFormat,
): Promise<readonly SavedFile[]> {
  const blobs = new Map<Digest, SavedFile>();
  const manifests: SavedManifest[] = [];
  for (const one of chosen) {
    const { manifestDigest } = one.image;
    const bytes = await parts.blobs.read(manifestDigest);
    const mediaType = asText(parseJson(bytes, 'manifest')['mediaType'], "manifest's mediaType") ?? OCI_MANIFEST;
    manifests.push({ ...one, mediaType, size: bytes.length });
    for (const { digest } of blobsOf(one.image)) blobs.set(digest, blobFile(parts, digest));
  }
  const docker = format === 'docker-archive' ? [document('manifest.json', dockerDocument(chosen, blobName))] : [];
  return [
    document(LAYOUT_FILE, layoutDocument()),
    document('index.json', indexDocument(manifests)),
    ...docker,
    ...blobs.values(),
  ];
}

/** Manifest, configuration and layers. */
function blobsOf({ manifestDigest, configDigest, layers }: ImageRecord): { digest: Digest }[] {
  return [{ digest: manifestDigest }, { digest: configDigest }, ...layers];
}

function checkWhole({ blobs }: StoreParts, image: ImageRecord): void {
  const lost = blobsOf(image).find(({ digest }) => !blobs.has(digest));
  if (lost === undefined) return;
  const name = image.names[0] ?? image.configDigest;
  throw new Fault('corrupt', `save ${name}: its blob ${lost.digest} is not in the store any more`, {
    hint: 'Pull or load the image again.',
    facts: { digest: lost.digest },
  });
}

function blobFile({ blobs }: StoreParts, digest: Digest): SavedFile {
  const size = blobs.size(digest);
  return { name: blobName(digest), size, content: verified(blobs.stream(digest), { mediaType: '', digest, size }) };
}

function document(name: string, bytes: Buffer): SavedFile {
  return { name, size: bytes.length, content: once(bytes) };
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
