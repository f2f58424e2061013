import { Fault } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import type { LayerSource } from '#store/pull/layers.ts';
import type { ResolvedImage } from '#store/pull/resolve.ts';
import type { Reference } from '#store/reference.ts';

/** Layers that lie in files. */
export interface FileLayers extends LayerSource {
  /** The bytes from `start` to before `end`; whoever reads them verifies them. */
  part(digest: Digest, start: number, end: number): AsyncIterable<Uint8Array>;
}

/** What images are read from: the files of an archive, or a directory. */
export interface LoadContent {
  /** A document by its name; undefined when there is none. Throws `corrupt` when it is too large to be one. */
  document(name: string): Promise<Buffer | undefined>;
  /** Layers by digest, as an OCI layout has them. */
  readonly layers: FileLayers;
}

/** Largest index, manifest or configuration. */
export const LARGEST_DOCUMENT = 8 * 1024 * 1024;

/** Of all documents of one archive: a thousand images can have one large configuration, and each is kept in memory. */
const MOST_BYTES = 256 * 1024 * 1024;

/** The same reader, which gives no more than that. Throws `corrupt`. */
export function bounded(read: LoadContent['document']): LoadContent['document'] {
  let bytes = 0;
  return async (name) => {
    const found = await read(name);
    bytes += found?.length ?? 0;
    if (bytes <= MOST_BYTES) return found;
    throw new Fault('corrupt', `read ${name}: with it the documents have more than ${MOST_BYTES} bytes`);
  };
}

/** Name of a blob in an OCI layout (image-spec image-layout.md). */
export function blobName(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** An image of the archive, before its layers are looked at. */
export interface FoundImage {
  image: ResolvedImage;
  names: readonly Reference[];
  source: FileLayers;
}
