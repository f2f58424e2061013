import type { Digest } from '#store/digest.ts';

/** Frequent: a consumer that shows them throttles. */
export type PullProgress =
  | {
      kind: 'layer';
      digest: Digest;
      /** Compressed bytes. */
      total: number;
      done: number;
      phase: 'waiting' | 'download' | 'unpack' | 'exists' | 'done';
    }
  | { kind: 'status'; text: string };
