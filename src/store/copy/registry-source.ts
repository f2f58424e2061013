import { Fault, isFault } from '#base/fault.ts';
import { checkedDocument, type Document } from '#store/graph/document.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { StoreParts } from '#store/parts.ts';
import { familiarName, type Reference } from '#store/reference.ts';
import { openRepository, type RepositoryClient, type RepositoryOptions } from '#store/registry/client.ts';
import type { CertificateSource } from '#store/registry/connection.ts';
import type { CredentialSource } from '#store/registry/credentials.ts';
import { INDEX_TYPES, IMAGE_TYPES } from '#store/registry/media-types.ts';
import { howLax } from '#store/registry/probe.ts';
import type { Place } from '#store/registry/registries.ts';
import type { RetryPolicy } from '#store/registry/retry.ts';
import type { CopySource } from './port.ts';

/** How a registry is spoken to. */
export interface RegistryWay {
  credentials?: CredentialSource;
  certificates?: CertificateSource;
  /** Plain HTTP. */
  insecure?: boolean;
  /** The store's own setting when left out. */
  retry?: RetryPolicy;
  signal?: AbortSignal;
}

/** A repository at a place; its client speaks to nobody yet. */
export async function clientAt(
  parts: Pick<StoreParts, 'transport'>,
  { registry, repository, lax }: Place,
  { credentials, certificates, insecure, retry, signal }: RegistryWay,
  more: Partial<RepositoryOptions> = {},
): Promise<RepositoryClient> {
  return openRepository({
    registry,
    repository,
    ...parts.transport,
    ...(credentials === undefined ? {} : { credentials }),
    ...(certificates === undefined ? {} : { certificates }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(retry === undefined ? {} : { retry }),
    ...(signal === undefined ? {} : { signal }),
    ...(lax ? await howLax(registry, signal) : {}),
    ...more,
  });
}

/** A name at the first of its places that has it; what the name leads to is fetched there as well. */
export function registrySource(
  parts: Pick<StoreParts, 'transport'>,
  reference: Reference,
  places: readonly Place[],
  way: RegistryWay,
): CopySource {
  let found: { client: RepositoryClient; place: Place } | undefined;
  const client = (): RepositoryClient => {
    if (found !== undefined) return found.client;
    throw new Fault('internal', `fetch a part of ${familiarName(reference)} before its root`);
  };
  return {
    name: reference,
    get registry() {
      return found?.place;
    },
    root: async () => {
      for (const [at, place] of places.entries()) {
        const candidate = await clientAt(parts, place, way);
        try {
          const document = await candidate.manifest(reference.digest ?? reference.tag ?? 'latest');
          found = { client: candidate, place };
          return document;
        } catch (error) {
          if (at === places.length - 1 || !isFault(error, 'unavailable', 'notFound', 'denied', 'corrupt')) throw error;
        }
      }
      throw new Fault('internal', `copy ${familiarName(reference)}: there is no place to copy it from`);
    },
    document: (descriptor) => fetchDocument(client(), descriptor, reference),
    blob: (digest, size, rest) => client().blob(digest, size, rest),
    part: ({ digest, size }, start) => client().blob(digest, size, { start }),
    close: () => Promise.resolve(),
  };
}

async function fetchDocument(
  client: RepositoryClient,
  descriptor: Descriptor,
  reference: Reference,
): Promise<Document> {
  const { mediaType } = descriptor;
  if (!INDEX_TYPES.has(mediaType) && !IMAGE_TYPES.has(mediaType)) {
    throw new Fault('unsupported', `${familiarName(reference)} leads to a document of the media type "${mediaType}"`);
  }
  const { bytes } = await client.manifest(descriptor.digest);
  return checkedDocument(bytes, descriptor);
}
