import type { Digest } from '#store/digest.ts';
import type { Document, DocumentSource } from '#store/graph/document.ts';
import type { Graph } from '#store/graph/graph.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { LayerSource } from '#store/pull/layers.ts';
import type { PullProgress } from '#store/pull/progress.ts';
import type { PushProgress } from '#store/push/progress.ts';
import type { Reference } from '#store/reference.ts';

/** Where content comes from: a registry, an archive, a directory, the store. Closed after use. */
export interface CopySource extends DocumentSource, LayerSource {
  /** What the words name. */
  root(): Promise<Document>;
  /** A part of a blob, from `start` to before `end`; whoever reads it verifies it. */
  part(blob: Descriptor, start: number, end: number): AsyncIterable<Uint8Array>;
  /** Its name, for a place that wants one and is not told any. */
  name: Reference | undefined;
  /** Repository that blobs may be mounted from, known when the root is. */
  readonly registry?: { registry: string; repository: string } | undefined;
  close(): Promise<void>;
}

export interface CopyOptions {
  onProgress?: (progress: PullProgress | PushProgress) => void;
  signal?: AbortSignal;
}

/** Where content goes. It is there as a whole, under its name, only at the end. */
export interface CopyTarget {
  write(graph: Graph, source: CopySource, options: CopyOptions): Promise<void>;
}

/** What the outcome is called. */
export interface Copied {
  digest: Digest;
  mediaType: string;
  /** Bytes of the document. */
  size: number;
}
