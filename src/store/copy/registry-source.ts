import { Fault } from '#base/fault.ts';
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
import type { CopySource } from './port.ts';

/** How a registry is spoken to. */
export interface RegistryWay {
  credentials?: CredentialSource;
  certificates?: CertificateSource;
  /** Plain HTTP. */
  insecure?: boolean;
  signal?: AbortSignal;
}

/** A repository at a place; its client speaks to nobody yet. */
export async function clientAt(
  parts: Pick<StoreParts, 'transport'>,
  { registry, repository, lax }: Place,
  { credentials, certificates, insecure, signal }: RegistryWay,
  more: Partial<RepositoryOptions> = {},
): Promise<RepositoryClient> {
  return openRepository({
    registry,
    repository,
    ...parts.transport,
    ...(credentials === undefined ? {} : { credentials }),
    ...(certificates === undefined ? {} : { certificates }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(signal === undefined ? {} : { signal }),
    ...(lax ? await howLax(registry, signal) : {}),
    ...more,
  });
}

export async function registrySource(
  parts: Pick<StoreParts, 'transport'>,
  reference: Reference,
  place: Place,
  way: RegistryWay,
): Promise<CopySource> {
  const client = await clientAt(parts, place, way);
  return {
    name: reference,
    registry: { registry: place.registry, repository: place.repository },
    root: () => client.manifest(reference.digest ?? reference.tag ?? 'latest'),
    document: (descriptor) => fetchDocument(client, descriptor, reference),
    blob: (digest, size) => client.blob(digest, size),
    part: ({ digest, size }, start) => client.blob(digest, size, start),
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
