import { Fault, isFault, sentence } from '#base/fault.ts';
import { openWorkArea, type WorkArea } from '#store/content/work-area.ts';
import { asDiskFault } from '#store/disk-fault.ts';
import type { ImageRecord } from '#store/image/record.ts';
import type { StoreParts } from '#store/parts.ts';
import { formatPlatform, parsePlatform, type Platform } from '#store/platform.ts';
import { familiarName, parseReference, type Reference } from '#store/reference.ts';
import { openRepository } from '#store/registry/client.ts';
import type { CertificateSource } from '#store/registry/connection.ts';
import type { CredentialSource } from '#store/registry/credentials.ts';
import { howLax } from '#store/registry/probe.ts';
import type { Place } from '#store/registry/registries.ts';
import { DEFAULT_RETRY } from '#store/registry/retry.ts';
import { sweepOrphans } from '#store/upkeep/orphans.ts';
import { commitImage } from './commit.ts';
import { inParallel } from './in-parallel.ts';
import { fetchLayer, layerJobs, type FetchedLayer, type LayerJob } from './layers.ts';
import type { PullProgress } from './progress.ts';
import { resolveImage, type ResolvedImage } from './resolve.ts';

export interface PullOptions {
  /** `linux/arm64/v8`; the host's own when left out. */
  platform?: string;
  credentials?: CredentialSource;
  certificates?: CertificateSource;
  /** Plain HTTP. Loopback hosts are spoken to in that way without being asked. */
  insecure?: boolean;
  /** Where to fetch it from, the next one when one fails; the place that its name means when left out. */
  places?: readonly Place[];
  onProgress?: (progress: PullProgress) => void;
  signal?: AbortSignal;
}

const LAYERS_AT_A_TIME = 3;

/**
 * Brings an image into the store, unpacked and ready to run. After a failure the store is as it was before.
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
  const image = await resolveImage(client, reference, wanted, parts.blobs);
  const jobs = layerJobs(image);
  const area = openWorkArea(parts.root, parts.launcher);
  try {
    const missing = leaseExisting(parts, jobs, area.owner, onProgress);
    const fetchParts = { ...parts, client, area: area.path, onProgress };
    const fetched = await inParallel(missing, LAYERS_AT_A_TIME, options.signal, (job, signal) =>
      fetchLayer(fetchParts, job, signal),
    );
    await finish(parts, { image, jobs, fetched, reference, area, onProgress });
  } catch (error) {
    throw asDiskFault(error, `pull ${familiarName(reference)}`);
  } finally {
    parts.leases.release(area.owner);
    await area.remove();
  }
  return pulled(parts, image, wanted);
}

function transportOf(options: PullOptions): Partial<Parameters<typeof openRepository>[0]> {
  const { credentials, certificates, insecure, signal } = options;
  return {
    ...(credentials === undefined ? {} : { credentials }),
    ...(certificates === undefined ? {} : { certificates }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Keeps what is there from being collected, in one transaction; gives the layers that have to be fetched. */
function leaseExisting(
  parts: StoreParts,
  jobs: readonly LayerJob[],
  owner: string,
  onProgress: (progress: PullProgress) => void,
): LayerJob[] {
  const { database, snapshots, blobs, leases } = parts;
  const missing = database.transaction(() =>
    jobs.filter(({ chainId, descriptor: { digest } }) => {
      const unpacked = snapshots.has(chainId);
      if (unpacked) leases.take(owner, 'snapshot', chainId);
      if (blobs.has(digest)) leases.take(owner, 'blob', digest);
      return !unpacked;
    }),
  );
  for (const job of jobs) {
    const { digest, size: total } = job.descriptor;
    const phase = missing.includes(job) ? 'waiting' : 'exists';
    onProgress({ kind: 'layer', digest, total, done: phase === 'exists' ? total : 0, phase });
  }
  return missing;
}

interface FinishRequest {
  image: ResolvedImage;
  jobs: readonly LayerJob[];
  fetched: readonly FetchedLayer[];
  reference: Reference;
  area: WorkArea;
  onProgress: (progress: PullProgress) => void;
}

async function finish(parts: StoreParts, request: FinishRequest): Promise<void> {
  const { fetched, onProgress, area } = request;
  const drafts = new Map(fetched.map(({ chainId, draft }) => [chainId, draft]));
  for (const { parent, draft } of fetched) {
    await draft.seal(parent === undefined ? undefined : (drafts.get(parent) ?? parent));
  }
  try {
    await commitImage(parts, { ...request, owner: area.owner, area: area.path });
  } catch (error) {
    // A transaction that failed half-way has renamed files that no row speaks of.
    sweepOrphans(parts);
    throw error;
  }
  for (const { descriptor } of fetched) {
    const { digest, size } = descriptor;
    onProgress({ kind: 'layer', digest, total: size, done: size, phase: 'done' });
  }
}

function pulled(parts: StoreParts, image: ResolvedImage, wanted: Platform): ImageRecord {
  const record = parts.images.find(image.manifest.config.digest);
  if (record !== undefined) return record;
  throw new Fault('conflict', `the image for ${formatPlatform(wanted)} was removed as soon as it was pulled`);
}
