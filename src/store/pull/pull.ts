import { Fault, isFault, sentence } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import type { ImageRecord } from '#store/image/record.ts';
import type { StoreParts } from '#store/parts.ts';
import { formatPlatform, parsePlatform, type Platform } from '#store/platform.ts';
import { familiarName, parseReference, type Reference } from '#store/reference.ts';
import { openRepository } from '#store/registry/client.ts';
import type { CertificateSource } from '#store/registry/connection.ts';
import type { CredentialSource } from '#store/registry/credentials.ts';
import { howLax } from '#store/registry/probe.ts';
import type { Place } from '#store/registry/registries.ts';
import { DEFAULT_RETRY, type RetryPolicy } from '#store/registry/retry.ts';
import { inWorkArea } from './in-work-area.ts';
import { installImage } from './install.ts';
import type { PullProgress } from './progress.ts';
import { resolveImage, type ResolvedImage } from './resolve.ts';

export interface PullOptions {
  /** `linux/arm64/v8`; the host's own when left out. */
  platform?: string;
  credentials?: CredentialSource;
  certificates?: CertificateSource;
  /** Plain HTTP. Loopback hosts are spoken to in that way without being asked. */
  insecure?: boolean;
  /** How often a failed request is repeated; the store's own setting when left out. */
  retry?: RetryPolicy;
  /** Where to fetch it from, the next one when one fails; the place that its name means when left out. */
  places?: readonly Place[];
  onProgress?: (progress: PullProgress) => void;
  signal?: AbortSignal;
}

/**
 * Brings an image into the store, unpacked and ready to run. After a failure there is no image; what had come by then is
 * kept for some days when another try may succeed, and the next pull continues from there, else it is gone.
 * Faults: invalid (name), denied, notFound, unavailable, exhausted (quota or disk), unsupported (platform, media
 * type), corrupt (anything that is not what its digest says), cancelled.
 */
export async function pull(parts: StoreParts, name: string | Reference, options: PullOptions): Promise<ImageRecord> {
  const reference = typeof name === 'string' ? parseReference(name) : name;
  const wanted = options.platform === undefined ? parts.platform : parsePlatform(options.platform);
  const places = options.places ?? [{ ...reference, lax: false }];
  for (const [at, place] of places.entries()) {
    const isLast = at === places.length - 1;
    try {
      return await pullFrom(
        place,
        isLast ? parts : { ...parts, transport: impatient(parts) },
        reference,
        wanted,
        options,
      );
    } catch (error) {
      if (isLast || !isOfPlace(error)) throw error;
      const text = `Fetching from ${place.registry} has failed, going on to the next: ${sentence(error)}`;
      options.onProgress?.({ kind: 'status', text });
    }
  }
  throw new Fault('internal', `pull ${familiarName(reference)}: there is no place to pull it from`);
}

/** Where there is another place to go to, one more try is enough. */
function impatient({ transport }: StoreParts): StoreParts['transport'] {
  const retry = transport.retry ?? DEFAULT_RETRY;
  return { ...transport, retry: { ...retry, attempts: Math.min(retry.attempts, 2) } };
}

/** A failure that another registry may not have. */
function isOfPlace(error: unknown): boolean {
  return isFault(error, 'unavailable', 'notFound', 'denied', 'corrupt') || (isFault(error) && 'status' in error.facts);
}

async function pullFrom(
  place: Place,
  parts: StoreParts,
  reference: Reference,
  wanted: Platform,
  options: PullOptions,
): Promise<ImageRecord> {
  const onProgress = options.onProgress ?? (() => undefined);
  const { registry, repository } = place;
  const lax = place.lax ? await howLax(registry, options.signal) : {};
  const client = openRepository({ registry, repository, ...parts.transport, ...transportOf(options), ...lax });
  onProgress({ kind: 'status', text: `Resolving ${familiarName(reference)} for ${formatPlatform(wanted)}` });
  const { signal } = options;
  const image = await resolveImage(parts, client, reference, wanted, signal);
  const names = namesOf(reference, image.namedDigest);
  await inWorkArea(parts, `pull ${familiarName(reference)}`, ({ owner, path }) =>
    installImage(parts, { image, names, source: client, owner, area: path, onProgress, signal }),
  );
  return pulled(parts, image, wanted);
}

/** What was asked for, and what it means by digest. */
function namesOf(reference: Reference, namedDigest: Digest): Reference[] {
  const { tag: _, digest, ...repository } = reference;
  return [{ ...repository, digest: namedDigest }, ...(digest === undefined ? [reference] : [])];
}

function transportOf(options: PullOptions): Partial<Parameters<typeof openRepository>[0]> {
  const { credentials, certificates, insecure, retry, signal } = options;
  return {
    ...(credentials === undefined ? {} : { credentials }),
    ...(certificates === undefined ? {} : { certificates }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(retry === undefined ? {} : { retry }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function pulled(parts: StoreParts, image: ResolvedImage, wanted: Platform): ImageRecord {
  const record = parts.images.find(image.manifest.config.digest);
  if (record !== undefined) return record;
  throw new Fault('conflict', `the image for ${formatPlatform(wanted)} was removed as soon as it was pulled`);
}
