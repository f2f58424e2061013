import { Fault } from '#base/fault.ts';
import { digestLike, digestOf, type Digest } from '#store/digest.ts';
import { asText, parseJson } from '#store/image/json.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import { IMAGE_TYPES, INDEX_TYPES, OCI_INDEX, OCI_MANIFEST } from '#store/registry/media-types.ts';

/** A manifest or an index as it is written. */
export interface Document {
  bytes: Buffer;
  mediaType: string;
  digest: Digest;
}

/** Gives documents, each checked against its digest. */
export interface DocumentSource {
  document(descriptor: Descriptor): Promise<Document>;
}

export const LARGEST_DOCUMENT = 8 * 1024 * 1024;

/** The bytes as the document that the descriptor speaks of. Throws `corrupt`. */
export function checkedDocument(bytes: Buffer, { digest, size, mediaType }: Descriptor): Document {
  const actual = digestLike(digest, bytes);
  if (bytes.length === size && actual === digest) return { bytes, mediaType, digest };
  throw new Fault('corrupt', `verify the document ${digest}: it has ${bytes.length} bytes and the digest ${actual}`, {
    facts: { digest, size, actual },
  });
}

/** The bytes as a document whose media type is what it says itself, or what its fields tell. */
export function documentOf(bytes: Buffer, digest: Digest = digestOf(bytes)): Document {
  const json = parseJson(bytes, 'manifest');
  const own = asText(json['mediaType'], "manifest's mediaType");
  return { bytes, digest, mediaType: own ?? (json['manifests'] === undefined ? OCI_MANIFEST : OCI_INDEX) };
}

/** The same with a media type that can be written down: some registries serve manifests as plain JSON. */
export function withOwnType(document: Document): Document {
  const known = INDEX_TYPES.has(document.mediaType) || IMAGE_TYPES.has(document.mediaType);
  return known ? document : documentOf(document.bytes, document.digest);
}

export function descriptorOf({ bytes, mediaType, digest }: Document): Descriptor {
  return { mediaType, digest, size: bytes.length };
}
