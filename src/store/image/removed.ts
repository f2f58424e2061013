import type { Digest } from '#store/digest.ts';

/** What a removal has taken: from an image, or from an index. */
export interface RemovedImage {
  /** Names that are no more, in full. */
  untagged: string[];
  /** ID of the image, or digest of the index, when it went too. */
  deleted: Digest | undefined;
  /** The image has no name any more: it lost its last one, or it was named by ID and lost all. */
  last: 'name' | 'id' | undefined;
  /** Images without a tag, unpacked for an index that is no more. */
  left: Digest[];
}
