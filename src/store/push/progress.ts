import type { Digest } from '#store/digest.ts';

/** Frequent: a consumer that shows them throttles. */
export interface PushProgress {
  kind: 'layer';
  digest: Digest;
  /** Compressed bytes. */
  total: number;
  done: number;
  /** `skipped` is for layers that must not be distributed. */
  phase: 'waiting' | 'upload' | 'exists' | 'mounted' | 'skipped' | 'done';
  /** The repository that it was mounted from. */
  from?: string;
}
