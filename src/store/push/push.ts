import { Fault, isFault } from '#base/fault.ts';
import { newOwner } from '#store/content/work-area.ts';
import type { Digest } from '#store/digest.ts';
import { isIndex, ownMediaType, parseManifest, type Descriptor, type Manifest } from '#store/image/manifest.ts';
import type { ImageRecord } from '#store/image/record.ts';
import type { StoreParts } from '#store/parts.ts';
import { inParallel } from '#store/pull/in-parallel.ts';
import { familiarName, type Reference } from '#store/reference.ts';
import { openRepository, type FetchedManifest, type RepositoryOptions } from '#store/registry/client.ts';
import type { CertificateSource } from '#store/registry/connection.ts';
import type { CredentialSource } from '#store/registry/credentials.ts';
import { howLax } from '#store/registry/probe.ts';
import type { Place } from '#store/registry/registries.ts';
import { lostBlob, pushBlob } from './blob.ts';
import { mountSources } from './mount-sources.ts';
import type { PushProgress } from './progress.ts';

export interface PushOptions {
  credentials?: CredentialSource;
  certificates?: CertificateSource;
  /** Plain HTTP. Loopback hosts are spoken to in that way without being asked. */
  insecure?: boolean;
  /** Where the destination is, when that is not where its name says. */
  place?: Place;
  onProgress?: (progress: PushProgress) => void;
  signal?: AbortSignal;
}

export interface PushedImage {
  digest: Digest;
  /** Bytes of the manifest. */
  size: number;
}

/** As many as docker sends: a registry takes its time to write each of them down. */
const BLOBS_AT_A_TIME = 5;

/**
 * Sends an image to a repository, byte for byte as it came: what is there is left alone, the manifest comes last, so the
 * tag never means an image that is not whole. Faults: invalid, notFound (the image, or a blob of it), denied,
 * unavailable, exhausted, corrupt, cancelled.
 */
export async function push(
  parts: StoreParts,
  name: string,
  destination: Reference,
  options: PushOptions,
): Promise<PushedImage> {
  const { tag } = destination;
  if (tag === undefined || destination.digest !== undefined) {
    throw new Fault('invalid', `push to ${familiarName(destination)}: a digest is no place to push to`, {
      hint: 'Name a tag.',
    });
  }
  const owner = newOwner();
  try {
    const image = leased(parts, name, owner);
    const document = await readManifest(parts, image, name);
    const { config, layers } = imageOf(document);
    const place = options.place ?? { ...destination, lax: false };
    const sources = mountSources(parts.database, place, [...layers, config]);
    const client = openRepository({
      registry: place.registry,
      repository: place.repository,
      ...parts.transport,
      ...transportOf(options),
      ...(place.lax ? await howLax(place.registry, options.signal) : {}),
      push: { mountFrom: [...new Set(sources.values())] },
    });
    const { onProgress } = options;
    const pushParts = { client, blobs: parts.blobs, sources, name };
    await inParallel(inOrder(layers, config), BLOBS_AT_A_TIME, options.signal, (blob, signal) =>
      pushBlob({ ...pushParts, signal, ...(onProgress === undefined || blob === config ? {} : { onProgress }) }, blob),
    );
    await client.putManifest(tag, document);
    remember(parts, image, { ...destination, digest: document.digest });
    return { digest: document.digest, size: document.bytes.length };
  } finally {
    parts.leases.release(owner);
  }
}

function transportOf({ credentials, certificates, insecure, signal }: PushOptions): Partial<RepositoryOptions> {
  return {
    ...(credentials === undefined ? {} : { credentials }),
    ...(certificates === undefined ? {} : { certificates }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** The image, its blobs kept from being collected even if it loses its names meanwhile. */
function leased({ database, images, leases, blobs }: StoreParts, name: string, owner: string): ImageRecord {
  return database.transaction(() => {
    const image = images.find(name);
    if (image === undefined) {
      throw new Fault('notFound', `No such image: ${name}`, { hint: 'sampan images lists the images there are.' });
    }
    const used = [image.manifestDigest, image.configDigest, ...image.layers.map(({ digest }) => digest)];
    for (const digest of used) if (blobs.has(digest)) leases.take(owner, 'blob', digest);
    return image;
  });
}

async function readManifest({ blobs }: StoreParts, image: ImageRecord, name: string): Promise<FetchedManifest> {
  const digest = image.manifestDigest;
  const bytes = await blobs.read(digest).catch((error: unknown) => {
    throw isFault(error, 'notFound', 'corrupt') ? lostBlob(error, digest, name) : error;
  });
  return { bytes, digest, mediaType: ownMediaType(bytes) };
}

function imageOf({ bytes, mediaType }: FetchedManifest): Manifest {
  const manifest = parseManifest(bytes, mediaType);
  if (isIndex(manifest)) throw new Fault('internal', "push an image: its record's manifest is an index");
  return manifest;
}

/** The largest first, so that none is left to go alone at the end. An image may have one layer twice. */
function inOrder(layers: readonly Descriptor[], config: Descriptor): Descriptor[] {
  const distinct = [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
  return [...distinct.sort((a, b) => b.size - a.size), config];
}

/** The image is known by this name from now on, unless it has gone meanwhile. */
function remember({ database, images }: StoreParts, { configDigest }: ImageRecord, pushed: Reference): void {
  const { tag: _, ...byDigest } = pushed;
  database.transaction(() => {
    if (images.find(configDigest) !== undefined) images.tag(configDigest, byDigest);
  });
}
