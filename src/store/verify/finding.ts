import type { Digest } from '#store/digest.ts';

/** Something that is not as the digests say. */
export interface Finding {
  kind: 'blob' | 'record' | 'layer';
  /** Of the blob, the image or the layer (its chain ID). */
  digest: string;
  /** IDs of the images, and digests of the indexes and artifacts, that it is part of. */
  images: readonly Digest[];
  /** What is wrong, as a sentence goes on after the name. */
  problem: string;
  /** What differs in a layer's tree: path and what of it; not more than a few. */
  differences: readonly string[];
  /** `wrong` when no repair was asked for. */
  state: 'wrong' | 'mended' | 'lost';
  /** How it was mended, or why it could not be. */
  outcome: string;
}

export type VerifyProgress = {
  kind: 'layer';
  digest: string;
  total: number;
  done: number;
  phase: 'hash' | 'compare' | 'good' | 'wrong';
};

export interface Verified {
  images: number;
  blobs: number;
  layers: number;
  /** Of the blobs. */
  bytes: number;
  findings: Finding[];
}
