import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Claims } from '#store/claims.ts';
import type { Partials } from '#store/content/partials.ts';
import type { StoreParts } from '#store/parts.ts';
import { sweepOrphans } from '#store/upkeep/orphans.ts';
import { placeBlob, type ClaimedLayer } from './commit.ts';
import type { CommitLine } from './commit-line.ts';
import { fetchLayer, type FetchedLayer } from './fetch-layer.ts';
import type { LayerJob, LayerSource } from './layers.ts';
import { Patience } from './patience.ts';
import type { PullProgress } from './progress.ts';
import type { Slots } from './slots.ts';
import { syncFile } from './sync.ts';

export interface BringParts {
  parts: StoreParts;
  claims: Claims;
  partials: Partials;
  source: LayerSource;
  slots: Slots;
  line: CommitLine<ClaimedLayer>;
  /** Owner of the work area, and a directory of it for this image. */
  owner: string;
  area: string;
  onProgress: (progress: PullProgress) => void;
}

/**
 * Brings one layer into the store: one that is there is kept from being collected, one that another pull is bringing is
 * waited for, and anything else is fetched, unless that pull dies or fails: then it is this one's turn.
 */
export async function bringLayer(bring: BringParts, job: LayerJob, at: number, signal: AbortSignal): Promise<void> {
  const claimant = claimantAt(bring, at);
  try {
    for (const patience = new Patience(); ; await patience.pause(signal)) {
      const layer = await next(bring, job, at, signal);
      if (layer === 'there') bring.onProgress(progressOf(job, 'exists'));
      if (layer !== 'taken') return await bring.line.add(at, layer === 'there' ? undefined : layer, signal);
    }
  } finally {
    release(bring, claimant);
  }
}

function release({ claims }: BringParts, claimant: string): void {
  try {
    claims.release(claimant);
  } catch {
    // The disk is full: it is released with the work area, whose removal makes room.
  }
}

export function progressOf({ descriptor }: LayerJob, phase: 'waiting' | 'exists' | 'done'): PullProgress {
  const { digest, size } = descriptor;
  return { kind: 'layer', digest, total: size, done: phase === 'waiting' ? 0 : size, phase };
}

/** Keeps a layer that is there, with its blob, from being collected. */
function isThere({ parts, owner }: BringParts, { chainId, descriptor }: LayerJob): boolean {
  const { database, snapshots, blobs, leases } = parts;
  if (!snapshots.has(chainId) || !blobs.has(descriptor.digest)) return false;
  return database.transaction(() => {
    if (!snapshots.has(chainId) || !blobs.has(descriptor.digest)) return false;
    leases.take(owner, 'snapshot', chainId);
    leases.take(owner, 'blob', descriptor.digest);
    return true;
  });
}

/** Without a slot and without the database's write lock as long as there is nothing to do but wait. */
async function next(
  bring: BringParts,
  job: LayerJob,
  at: number,
  signal: AbortSignal,
): Promise<ClaimedLayer | 'there' | 'taken'> {
  if (isThere(bring, job)) return 'there';
  return isTaken(bring, job) ? 'taken' : bring.slots.use(() => attempt(bring, job, at, signal));
}

async function attempt(
  bring: BringParts,
  job: LayerJob,
  at: number,
  signal: AbortSignal,
): Promise<ClaimedLayer | 'there' | 'taken'> {
  if (signal.aborted) throw new Fault('cancelled', 'bring a layer', { cause: signal.reason });
  const claimant = claimantAt(bring, at);
  const turn = claim(bring, job, claimant);
  if (turn !== 'ours') return turn;
  const { parts, partials, source, onProgress } = bring;
  const area = join(bring.area, claimant);
  mkdirSync(area, { mode: 0o700 });
  const layer = await fetchLayer({ parts, partials, source, area, onProgress, signal }, job);
  // It takes one flush to commit the two together; but the claim on the blob must not wait for what others do.
  if (bring.line.comesNext(at)) return { ...layer, claimant };
  if (layer.blobFile !== undefined) await syncFile(layer.blobFile);
  releaseBlob(bring, layer, claimant);
  return { ...layer, blobFile: undefined, claimant };
}

function claimantAt({ owner }: BringParts, at: number): string {
  return `${owner}.${at}`;
}

/** Both claims or none, and neither when there is nothing left to do. */
function claim(bring: BringParts, job: LayerJob, claimant: string): 'there' | 'taken' | 'ours' {
  const { parts, claims } = bring;
  return parts.database.transaction(() => {
    if (isThere(bring, job)) return 'there';
    if (isTaken(bring, job)) return 'taken';
    const { digest } = job.descriptor;
    claims.take('layer', layerKey(parts, job), claimant);
    claims.take('blob', digest, claimant);
    if (parts.blobs.has(digest)) parts.leases.take(bring.owner, 'blob', digest);
    return 'ours';
  });
}

function isTaken({ parts, claims }: BringParts, job: LayerJob): boolean {
  return claims.isTaken('blob', job.descriptor.digest) || claims.isTaken('layer', layerKey(parts, job));
}

/** Chain IDs are the same for both drivers, the trees are not. */
function layerKey({ snapshots }: StoreParts, { chainId }: LayerJob): string {
  return `${snapshots.driver} ${chainId}`;
}

/** The blob is whole and on disk: from here on others can unpack it. */
function releaseBlob({ parts, claims, owner }: BringParts, layer: FetchedLayer, claimant: string): void {
  try {
    parts.database.transaction(() => {
      placeBlob(parts, layer, owner);
      claims.release(claimant, 'blob');
    });
  } catch (error) {
    // A transaction that failed half-way has renamed a file that no row speaks of.
    sweepOrphans(parts);
    throw error;
  }
}
