import type { StoreParts } from '#store/parts.ts';
import type { Reference } from '#store/reference.ts';
import { sweepOrphans } from '#store/upkeep/orphans.ts';
import { commitImage } from './commit.ts';
import { inParallel } from './in-parallel.ts';
import { fetchLayer, layerJobs, type FetchedLayer, type LayerJob, type LayerSource } from './layers.ts';
import type { PullProgress } from './progress.ts';
import type { ResolvedImage } from './resolve.ts';

export interface InstallRequest {
  image: ResolvedImage;
  /** What the image is to be called; waited for before it is made visible, so that what throws there keeps it away. */
  names: readonly Reference[] | Promise<readonly Reference[]>;
  source: LayerSource;
  /** Owner of the work area, and an empty directory of it for this image. */
  owner: string;
  area: string;
  onProgress: (progress: PullProgress) => void;
  signal: AbortSignal | undefined;
}

const LAYERS_AT_A_TIME = 3;

/**
 * Brings the layers of an image into the store and makes it visible, in one step at the end. What the store has is not
 * fetched; a layer whose blob is lost, or was never there because another image brought it in another form, is.
 */
export async function installImage(parts: StoreParts, request: InstallRequest): Promise<void> {
  const { image, source, owner, area, onProgress } = request;
  const jobs = layerJobs(image);
  const missing = leaseExisting(parts, jobs, owner, onProgress);
  const fetched = await inParallel(missing, LAYERS_AT_A_TIME, request.signal, (job, signal) =>
    fetchLayer({ ...parts, source, area, onProgress }, job, signal),
  );
  await finish(parts, request, jobs, fetched);
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
      const kept = blobs.has(digest);
      if (unpacked) leases.take(owner, 'snapshot', chainId);
      if (kept) leases.take(owner, 'blob', digest);
      return !unpacked || !kept;
    }),
  );
  for (const job of jobs) {
    const { digest, size: total } = job.descriptor;
    const phase = missing.includes(job) ? 'waiting' : 'exists';
    onProgress({ kind: 'layer', digest, total, done: phase === 'exists' ? total : 0, phase });
  }
  return missing;
}

async function finish(
  parts: StoreParts,
  request: InstallRequest,
  jobs: readonly LayerJob[],
  fetched: readonly FetchedLayer[],
): Promise<void> {
  const drafts = new Map(fetched.map(({ chainId, draft }) => [chainId, draft]));
  for (const { parent, draft } of fetched) {
    await draft.seal(parent === undefined ? undefined : (drafts.get(parent) ?? parent));
  }
  const names = await request.names;
  try {
    await commitImage(parts, { ...request, names, jobs, fetched });
  } catch (error) {
    // A transaction that failed half-way has renamed files that no row speaks of.
    sweepOrphans(parts);
    throw error;
  }
  for (const { descriptor } of fetched) {
    const { digest, size } = descriptor;
    request.onProgress({ kind: 'layer', digest, total: size, done: size, phase: 'done' });
  }
}
