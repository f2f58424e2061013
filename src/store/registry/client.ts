import { Fault } from '#base/fault.ts';
import { digestLike, digestOf, isDigest, type Digest } from '#store/digest.ts';
import { authorize } from './authorize.ts';
import { readBlob } from './blob.ts';
import type { ConnectionSettings } from './connection.ts';
import type { CredentialSource } from './credentials.ts';
import { endpointOf } from './endpoint.ts';
import { compose, fetchExchange, wholeBody, type Exchange } from './exchange.ts';
import { MANIFEST_TYPES } from './media-types.ts';
import { followRedirects } from './redirect.ts';
import { DEFAULT_RETRY, retry, type RetryPolicy } from './retry.ts';
import { statusFault } from './status-fault.ts';
import { listTags } from './tags.ts';
import { hasBlob, uploadBlob, type UploadRequest } from './upload.ts';

export interface FetchedManifest {
  bytes: Buffer;
  mediaType: string;
  digest: Digest;
}

/** One repository of a registry (OCI distribution-spec). Faults: denied, notFound, exhausted, unavailable, corrupt. */
export interface RepositoryClient {
  /** A manifest or index by tag or digest, verified against the digest asked for and the one announced. */
  manifest(tagOrDigest: string): Promise<FetchedManifest>;
  /** The bytes of a blob or its rest, resumed after a cut connection; whoever reads them verifies them. */
  blob(digest: Digest, size: number, rest?: BlobRest): AsyncIterable<Uint8Array>;
  has(digest: Digest, size: number): Promise<boolean>;
  /** Brings a blob there; see upload.ts. */
  upload(blob: BlobToUpload): Promise<'mounted' | 'sent'>;
  /** Gives a manifest a tag (or none, by its digest), when all that it names is there. */
  putManifest(tagOrDigest: string, manifest: FetchedManifest): Promise<void>;
  /** All tags of the repository, in the registry's order. */
  tags(): Promise<string[]>;
}

export interface BlobRest {
  /** The first byte that is wanted. */
  start: number;
  /** How many bytes are asked for at a time; all of them when left out. */
  step?: number;
  signal?: AbortSignal;
}

export type BlobToUpload = Pick<UploadRequest, 'digest' | 'size' | 'open' | 'mountFrom' | 'onSent' | 'signal'>;

export interface RepositoryOptions extends ConnectionSettings {
  registry: string;
  repository: string;
  insecure?: boolean;
  credentials?: CredentialSource;
  /** Other repositories of the registry that blobs may be mounted from, when it is pushed to. */
  push?: { mountFrom: readonly string[] };
  signal?: AbortSignal;
  retry?: RetryPolicy;
  /** Longest time without a byte, in milliseconds. */
  idleMs?: number;
  /** Most bytes of one request of an upload. */
  uploadChunk?: number;
}

const IDLE_MS = 30_000;
const LARGEST_MANIFEST = 4 * 1024 * 1024;

export function openRepository(options: RepositoryOptions): RepositoryClient {
  const { repository, signal } = options;
  const policy = options.retry ?? DEFAULT_RETRY;
  const base = new URL(`${repository}/`, endpointOf(options.registry, options.insecure ?? false));
  const cancel = signal === undefined ? {} : { signal };
  const exchange = exchangeOf(options, base, policy);
  return {
    manifest: async (tagOrDigest) => {
      const url = new URL(`manifests/${tagOrDigest}`, base);
      const reply = await exchange({ url, method: 'GET', headers: { Accept: MANIFEST_TYPES.join(', ') }, ...cancel });
      if (reply.status !== 200) throw await statusFault(reply, `fetch the manifest ${repository} ${tagOrDigest}`);
      const bytes = await reply.bytes(LARGEST_MANIFEST);
      const announced = reply.headers.get('docker-content-digest') ?? undefined;
      const mediaType = (reply.headers.get('content-type') ?? '').replace(/;.*$/, '').trim();
      return { bytes, mediaType, digest: verified(bytes, tagOrDigest, announced) };
    },
    blob: (digest, size, rest) =>
      readBlob({ exchange, url: new URL(`blobs/${digest}`, base), digest, size, policy, ...cancel, ...rest }),
    has: (digest, size) => hasBlob({ exchange, base, digest, size, ...cancel }),
    upload: (blob) =>
      uploadBlob({
        ...cancel,
        ...blob,
        exchange,
        base,
        policy,
        ...(options.uploadChunk === undefined ? {} : { chunk: options.uploadChunk }),
      }),
    tags: () => listTags(exchange, base, repository, signal),
    putManifest: async (tag, { bytes, mediaType, digest }) => {
      const url = new URL(`manifests/${tag}`, base);
      const headers = { 'Content-Type': mediaType };
      const reply = await exchange({ url, method: 'PUT', headers, body: wholeBody(bytes), ...cancel });
      if (reply.status !== 201) throw await statusFault(reply, `push the manifest ${repository}:${tag}`);
      await reply.discard();
      const taken = reply.headers.get('docker-content-digest') ?? digest;
      if (taken === digest) return;
      throw new Fault('corrupt', `push the manifest ${repository}:${tag}: the registry says that it took ${taken}`, {
        facts: { expected: digest, actual: taken },
      });
    },
  };
}

function exchangeOf(options: RepositoryOptions, base: URL, policy: RetryPolicy): Exchange {
  const { registry, repository, push, signal } = options;
  const foreseen = [
    `repository:${repository}:pull,push`,
    ...(push?.mountFrom ?? []).map((source) => `repository:${source}:pull`),
  ];
  return compose(
    fetchExchange(options.idleMs ?? IDLE_MS, options),
    authorize({
      origin: base.origin,
      credentials: async () => options.credentials?.(registry, repository),
      scope: `repository:${repository}:pull`,
      ...(push === undefined ? {} : { foreseen }),
      ...(signal === undefined ? {} : { signal }),
    }),
    retry(policy),
    followRedirects,
  );
}

function verified(bytes: Buffer, asked: string, announced: string | undefined): Digest {
  const expected = [isDigest(asked) ? asked : undefined, announced].filter((digest) => digest !== undefined);
  for (const digest of expected) {
    const actual = isDigest(digest) ? digestLike(digest, bytes) : undefined;
    if (actual === digest) continue;
    throw new Fault('corrupt', `verify the manifest: it should be ${digest} and is ${actual ?? digestOf(bytes)}`, {
      facts: { expected: digest, actual: actual ?? null },
    });
  }
  return isDigest(asked) ? asked : digestOf(bytes);
}
