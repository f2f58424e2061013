import type { Digest } from '#store/digest.ts';
import type { Platform } from '#store/platform.ts';

/** An image that an index leads to, also through other indexes. */
export interface IndexMember {
  /** Of its manifest. */
  digest: Digest;
  platform: Platform;
}

/** An index or artifact that the store keeps byte by byte, with all that it leads to. */
export interface IndexRecord {
  /** Digest of the document. */
  id: Digest;
  mediaType: string;
  kind: 'index' | 'artifact';
  /** Tags in full. */
  names: readonly string[];
  /** Names by digest in full. */
  digests: readonly string[];
  /** Those that can run somewhere. */
  members: readonly IndexMember[];
  /** Bytes of all blobs. */
  size: number;
  /** When it came, milliseconds since 1970. */
  created: number;
}
