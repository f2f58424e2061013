import { openClaims } from '#store/claims.ts';
import { openPartials } from '#store/content/partials.ts';
import type { StoreParts } from '#store/parts.ts';
import type { Reference } from '#store/reference.ts';
import { bringLayer, progressOf } from './bring-layer.ts';
import { commit, writeDocuments, type ClaimedLayer } from './commit.ts';
import { CommitLine } from './commit-line.ts';
import { inParallel } from './in-parallel.ts';
import { inSteps } from './in-steps.ts';
import { keysOf, layerJobs, type LayerJob, type LayerSource } from './layers.ts';
import type { PullProgress } from './progress.ts';
import type { ResolvedImage } from './resolve.ts';
import { Slots } from './slots.ts';
import { worthAnotherTry } from './worth-another-try.ts';

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
 * Brings the layers of an image into the store, each as soon as all below it are there, and makes the image visible
 * with the last of them. What the store has is not fetched, and what another process is bringing is waited for.
 */
export async function installImage(parts: StoreParts, request: InstallRequest): Promise<void> {
  const { image: resolved, names, owner, area, onProgress } = request;
  const jobs = layerJobs(resolved);
  const documents = await writeDocuments(area, resolved);
  const commitBatch = async (layers: readonly ClaimedLayer[], isLast: boolean): Promise<void> => {
    const image = isLast ? { resolved, documents, jobs, names: await names } : undefined;
    await commit(parts, { layers, owner, area, image });
    for (const layer of layers) onProgress(progressOf(layer, 'done'));
  };
  const line = new CommitLine(jobs.length, commitBatch);
  try {
    await bringAll(parts, request, jobs, line);
    if (jobs.length === 0) await commitBatch([], true);
  } catch (error) {
    await line.idle();
    if (!worthAnotherTry(error)) forget(parts, resolved, jobs, owner);
    throw error;
  }
}

async function bringAll(
  parts: StoreParts,
  { source: given, owner, area, onProgress, signal: outer }: InstallRequest,
  jobs: readonly LayerJob[],
  line: CommitLine<ClaimedLayer>,
): Promise<void> {
  const claims = openClaims(parts.database);
  const slots = new Slots(LAYERS_AT_A_TIME);
  const partials = openPartials(parts);
  // What has been cut off once may be so again.
  const source = partials.hasBegun(jobs.map(({ descriptor }) => descriptor.digest)) ? inSteps(given) : given;
  const bring = { parts, claims, partials, source, slots, line, owner, area, onProgress };
  for (const job of jobs) onProgress(progressOf(job, 'waiting'));
  // All of them at once, since most of what they do is waiting; the slots bound the work.
  await inParallel([...jobs.entries()], jobs.length, outer, ([at, job], signal) => bringLayer(bring, job, at, signal));
}

/** What has come so far is of no use to anyone. */
function forget(parts: StoreParts, { manifest }: ResolvedImage, jobs: readonly LayerJob[], owner: string): void {
  parts.database.transaction(() => {
    const digests = [manifest.config, ...manifest.layers].map(({ digest }) => digest);
    openPartials(parts).drop(digests, owner);
    parts.leases.forgetKept(keysOf(jobs));
  });
}
