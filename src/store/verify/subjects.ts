import { chainIds, type Digest } from '#store/digest.ts';
import type { ImageLayer, ImageRecord } from '#store/image/record.ts';
import type { IndexRecord } from '#store/index/record.ts';
import type { StoreParts } from '#store/parts.ts';

export interface BlobSubject {
  digest: Digest;
  role: 'manifest' | 'config' | 'layer' | 'other';
  /** Bytes; undefined when no record says it any more. */
  size: number | undefined;
  images: ImageRecord[];
  /** Indexes and artifacts that keep it. */
  indexes: IndexRecord[];
}

export interface LayerSubject {
  chainId: string;
  parent: string | undefined;
  layer: ImageLayer;
  images: ImageRecord[];
}

export interface Subjects {
  images: ImageRecord[];
  blobs: BlobSubject[];
  /** Each after the one that it stands on. */
  layers: LayerSubject[];
}

/** What there is to look at, each thing once: of the images given, or of the whole store. */
export function subjectsOf(parts: StoreParts, images: readonly ImageRecord[], whole: boolean): Subjects {
  const blobs = new Map<Digest, BlobSubject>();
  const layers = new Map<string, LayerSubject>();
  const recorded = (digest: Digest): number | undefined => parts.blobs.size(digest) || undefined;
  const add = (image: ImageRecord, digest: Digest, role: BlobSubject['role'], size: number | undefined): void => {
    const known = blobs.get(digest);
    if (known === undefined) blobs.set(digest, { digest, role, size, images: [image], indexes: [] });
    else if (!known.images.includes(image)) known.images.push(image);
  };
  for (const image of images) {
    add(image, image.manifestDigest, 'manifest', recorded(image.manifestDigest));
    add(image, image.configDigest, 'config', recorded(image.configDigest));
    for (const { digest, size } of image.layers) add(image, digest, 'layer', size);
    for (const one of layersOf(image)) {
      const known = layers.get(one.chainId);
      if (known === undefined) layers.set(one.chainId, one);
      else known.images.push(image);
    }
  }
  for (const digest of whole ? otherBlobs(parts) : []) {
    if (!blobs.has(digest)) {
      const users = imagesWith(parts, digest);
      blobs.set(digest, { digest, role: 'other', size: recorded(digest), images: users, indexes: [] });
    }
  }
  for (const index of whole ? parts.indexes.list() : []) {
    for (const digest of blobsOf(parts, index)) blobs.get(digest)?.indexes.push(index);
  }
  return { images: [...images], blobs: [...blobs.values()], layers: [...layers.values()] };
}

function layersOf(image: ImageRecord): LayerSubject[] {
  const chain = chainIds(image.layers.map(({ diffId }) => diffId));
  return image.layers.map((layer, at) => ({
    chainId: chain[at] ?? '',
    parent: chain[at - 1],
    layer,
    images: [image],
  }));
}

function otherBlobs({ database }: StoreParts): Digest[] {
  return database.all<{ digest: Digest }>('SELECT digest FROM blob').map(({ digest }) => digest);
}

function imagesWith({ database, images }: StoreParts, digest: Digest): ImageRecord[] {
  const ids = database.all<{ image: Digest }>('SELECT image FROM image_blob WHERE digest = ?', digest);
  return ids.flatMap(({ image }) => images.find(image) ?? []);
}

function blobsOf({ database }: StoreParts, { id }: IndexRecord): Digest[] {
  return database
    .all<{ digest: Digest }>('SELECT digest FROM index_blob WHERE index_id = ?', id)
    .map(({ digest }) => digest);
}
