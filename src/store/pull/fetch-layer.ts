import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isFault } from '#base/fault.ts';
import type { Implied } from '#kernel/launcher.ts';
import type { Partials } from '#store/content/partials.ts';
import type { StoreParts } from '#store/parts.ts';
import type { LayerDraft } from '#store/snapshot/port.ts';
import { startDownload } from './download.ts';
import type { LayerJob, LayerSource } from './layers.ts';
import type { PullProgress } from './progress.ts';
import { unpackLayer, type UnpackedLayer } from './unpack.ts';
import { verified, type Witness } from './verified.ts';

export interface FetchParts {
  parts: StoreParts;
  partials: Partials;
  source: LayerSource;
  /** An empty directory for this layer. */
  area: string;
  onProgress: (progress: PullProgress) => void;
  signal: AbortSignal;
}

export interface FetchedLayer extends LayerJob {
  draft: LayerDraft;
  /** The verified blob, written but not flushed to disk, unless it was in the store. */
  blobFile: string | undefined;
  /** Bytes of the layer's files. */
  size: number;
  /** Directories that it does not list. */
  implied: readonly Implied[];
}

/**
 * Brings one layer into a draft: from the blob on disk when it is there and whole, else from the source, going on from
 * where an earlier pull was cut off. The caller has claimed the blob.
 */
export async function fetchLayer(fetch: FetchParts, job: LayerJob): Promise<FetchedLayer> {
  const { blobs } = fetch.parts;
  if (blobs.has(job.descriptor.digest)) {
    try {
      return await fromDisk(fetch, job);
    } catch (error) {
      if (!isFault(error, 'corrupt')) throw error;
      // The disk has changed it: a fresh copy takes its place.
    }
  }
  const given = fetch.source.takeFile?.(job.descriptor.digest);
  if (given !== undefined) return fromFile(fetch, job, given);
  try {
    return await fromSource(fetch, job, 'source');
  } catch (error) {
    if (!(error instanceof UselessBeginning)) throw error;
    return await fromSource(fetch, job, 'again');
  }
}

/** What an earlier pull left is not the beginning of this blob, or the registry does not let it be continued. */
class UselessBeginning extends Error {}

async function fromDisk(fetch: FetchParts, job: LayerJob): Promise<FetchedLayer> {
  const { digest, size: total } = job.descriptor;
  const { onProgress } = fetch;
  const witness: Witness = (_, done) => onProgress({ kind: 'layer', digest, total, done, phase: 'unpack' });
  const unpacked = await unpackTo(fetch, job, 'disk', fetch.parts.blobs.stream(digest), witness);
  return { ...job, ...unpacked, blobFile: undefined };
}

async function fromFile(fetch: FetchParts, job: LayerJob, path: string): Promise<FetchedLayer> {
  const { digest, size } = job.descriptor;
  const unpacked = await unpackTo(fetch, job, 'file', fetch.source.blob(digest, size));
  return { ...job, ...unpacked, blobFile: path };
}

/** Throws UselessBeginning, and has then removed it. */
async function fromSource(fetch: FetchParts, job: LayerJob, attempt: string): Promise<FetchedLayer> {
  const { descriptor } = job;
  const { digest, size: total } = descriptor;
  const { source, signal, onProgress } = fetch;
  const path = fetch.partials.path(digest);
  const onArrived = (done: number): void =>
    onProgress({ kind: 'layer', digest, total, done, phase: done === total ? 'unpack' : 'download' });
  const download = await startDownload({ descriptor, source, path, onArrived, signal });
  try {
    const unpacked = await unpackTo(fetch, job, attempt, download.bytes());
    return { ...job, ...unpacked, blobFile: path };
  } catch (error) {
    if (!isFault(error, 'corrupt') || download.resumed === 0) throw error;
    rmSync(path);
    throw new UselessBeginning('', { cause: error });
  } finally {
    await download.close();
  }
}

async function unpackTo(
  { parts, area, signal }: FetchParts,
  { descriptor, compression, diffId }: LayerJob,
  name: string,
  content: AsyncIterable<Uint8Array>,
  witness?: Witness,
): Promise<UnpackedLayer & { draft: LayerDraft }> {
  const { snapshots, launcher, growth } = parts;
  const directory = join(area, name);
  mkdirSync(directory, { mode: 0o700 });
  const draft = snapshots.draft(join(directory, 'draft'));
  const source = verified(content, descriptor, witness);
  const limit = growth.base + growth.ratio * descriptor.size;
  const unpacked = await unpackLayer({ source, compression, diffId, tree: draft.tree, limit, launcher, signal });
  return { draft, ...unpacked };
}
