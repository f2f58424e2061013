import { Fault, isFault } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import { checkedDocument, type Document } from '#store/graph/document.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { StoreParts } from '#store/parts.ts';
import { familiarName, type Reference } from '#store/reference.ts';
import {
  openRepository,
  type BlobRest,
  type RepositoryClient,
  type RepositoryOptions,
} from '#store/registry/client.ts';
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

/** A failure that another place may not have, as in a pull. */
function isOfPlace(error: unknown): boolean {
  return isFault(error, 'unavailable', 'notFound', 'denied', 'corrupt') || (isFault(error) && 'status' in error.facts);
}

/** A name at the first of its places that has it; what it leads to comes from there, or from the places after it. */
export function registrySource(
  parts: Pick<StoreParts, 'transport'>,
  reference: Reference,
  places: readonly Place[],
  way: RegistryWay,
): CopySource {
  const clients = new Map<Place, Promise<RepositoryClient>>();
  const at = (place: Place): Promise<RepositoryClient> => {
    const client = clients.get(place) ?? clientAt(parts, place, way);
    clients.set(place, client);
    return client;
  };
  let found: Place | undefined;
  const from = (): readonly Place[] => {
    if (found !== undefined) return places.slice(places.indexOf(found));
    throw new Fault('internal', `fetch a part of ${familiarName(reference)} before its root`);
  };
  const blob = (digest: Digest, size: number, rest?: BlobRest): AsyncIterable<Uint8Array> =>
    firstToGive(from(), async (place) => (await at(place)).blob(digest, size, rest));
  return {
    name: reference,
    get registry() {
      return found;
    },
    root: async () => {
      const document = await firstOf(places, async (place) => {
        const manifest = await (await at(place)).manifest(reference.digest ?? reference.tag ?? 'latest');
        found = place;
        return manifest;
      });
      if (document !== undefined) return document;
      throw new Fault('internal', `copy ${familiarName(reference)}: there is no place to copy it from`);
    },
    document: async (descriptor) => {
      checkType(descriptor, reference);
      const document = await firstOf(from(), async (place) =>
        checkedDocument((await (await at(place)).manifest(descriptor.digest)).bytes, descriptor),
      );
      return document as Document;
    },
    blob,
    part: ({ digest, size }, start) => blob(digest, size, { start }),
    close: () => Promise.resolve(),
  };
}

/** What the first place gives that can; undefined when there is none to ask. */
async function firstOf<T>(places: readonly Place[], ask: (place: Place) => Promise<T>): Promise<T | undefined> {
  for (const [index, place] of places.entries()) {
    try {
      return await ask(place);
    } catch (error) {
      if (index === places.length - 1 || !isOfPlace(error)) throw error;
    }
  }
  return undefined;
}

/** Whoever has begun to give goes on: what has come is not asked for twice. */
async function* firstToGive(
  places: readonly Place[],
  ask: (place: Place) => Promise<AsyncIterable<Uint8Array>>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const [index, place] of places.entries()) {
    let begun = false;
    try {
      for await (const chunk of await ask(place)) {
        begun = true;
        yield chunk;
      }
      return;
    } catch (error) {
      if (begun || index === places.length - 1 || !isOfPlace(error)) throw error;
    }
  }
}

function checkType({ mediaType }: Descriptor, reference: Reference): void {
  if (INDEX_TYPES.has(mediaType) || IMAGE_TYPES.has(mediaType)) return;
  throw new Fault('unsupported', `${familiarName(reference)} leads to a document of the media type "${mediaType}"`);
}
