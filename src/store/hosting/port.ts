import type { Digest } from '#store/digest.ts';

/** Part of a sorted list: at most `limit` names after `after`. */
export interface Page {
  limit: number;
  after?: string;
}

export interface HostedManifest {
  digest: Digest;
  mediaType: string;
  /** As they were pushed, verified. */
  bytes: Buffer;
}

/** A blob that stays readable until `close`, whatever is collected meanwhile. */
export interface HostedBlob {
  size: number;
  /** The bytes from `start` to before `end`. */
  stream(start: number, end: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** What an index says of a manifest that refers to another one by `subject` (distribution-spec, "Listing Referrers"). */
export interface Referrer {
  mediaType: string;
  digest: Digest;
  size: number;
  artifactType?: string;
  annotations?: Readonly<Record<string, string>>;
}

/**
 * Content by repository, as a registry shows it. A blob or manifest that only other repositories have is unknown to a
 * repository. Faults carry the specification's code (refusal.ts). Two implementations: a directory of the registry's
 * own (open.ts), and the engine's store (store-view.ts), which is read only.
 */
export interface Hosting {
  /** Sorted by code units, like `tags`. */
  repositories(page: Page): string[];
  /** Throws NAME_UNKNOWN. */
  tags(repository: string, page: Page): string[];
  /** By tag or digest. Throws MANIFEST_UNKNOWN. */
  manifest(repository: string, reference: string): Promise<HostedManifest>;
  /** Throws BLOB_UNKNOWN. */
  blobSize(repository: string, digest: Digest): number;
  /** Throws BLOB_UNKNOWN. */
  openBlob(repository: string, digest: Digest): Promise<HostedBlob>;
  /** Those after the digest `after`, sorted by digest, and whether there are more of them. */
  referrers(repository: string, subject: Digest, query: ReferrerQuery): { list: Referrer[]; more: boolean };
  /** Left out where nothing can be changed. */
  readonly changes?: HostingChanges;
  close(): void;
}

export interface ReferrerQuery {
  artifactType?: string;
  after?: string;
}

export interface HostingChanges {
  /** Makes a repository's blob one of another's, too; false when `from` has none. */
  mount(repository: string, digest: Digest, from: string): boolean;
  readonly uploads: Uploads;
  /** Throws MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, DIGEST_INVALID. */
  putManifest(request: PutManifest): { digest: Digest; subject?: Digest };
  /** A tag, or a digest with its tags. Throws MANIFEST_UNKNOWN. */
  deleteManifest(repository: string, reference: string): void;
  /** Throws BLOB_UNKNOWN. */
  deleteBlob(repository: string, digest: Digest): void;
}

export interface PutManifest {
  repository: string;
  /** The digest that the bytes must have; sha256 of them when it is left out. */
  digest?: Digest;
  tags: readonly string[];
  /** What it was sent as; its own mediaType when that is left out. */
  mediaType?: string;
  bytes: Buffer;
}

/** Blobs that are being sent. All throw BLOB_UPLOAD_UNKNOWN; one is written by one request at a time (BLOB_UPLOAD_INVALID, 409). */
export interface Uploads {
  /** `algorithm` is that of the digest to come, as far as is known. */
  start(repository: string, algorithm: 'sha256' | 'sha512'): string;
  /** Bytes that are there. */
  size(repository: string, id: string): number;
  /** Adds bytes at the end; gives the new size. What came before a connection was cut is kept. */
  append(repository: string, id: string, chunk: Chunk): Promise<number>;
  /** Makes a blob of it when it has the digest; else it is dropped (DIGEST_INVALID). The blob is on disk afterwards. */
  finish(repository: string, id: string, digest: Digest): Promise<void>;
  cancel(repository: string, id: string): Promise<void>;
}

export interface Chunk {
  /** Ended early when it is too long. */
  bytes: AsyncIterable<Uint8Array>;
  /** Where it begins and ends (inclusive) by its own account: 416 unless that is at the end of what is there. */
  range?: { start: number; end: number };
  /** Checked before a byte is read. */
  length?: number;
}
