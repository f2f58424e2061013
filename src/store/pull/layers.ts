import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isFault } from '#base/fault.ts';
import type { Implied, Launcher } from '#kernel/launcher.ts';
import { compressionOf, type Compression } from '#store/archive/decompress.ts';
import type { Blobs } from '#store/content/blobs.ts';
import { chainIds, type Digest } from '#store/digest.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { LayerDraft, Snapshotter } from '#store/snapshot/port.ts';
import { createBlobFile } from './blob-file.ts';
import type { PullProgress } from './progress.ts';
import type { ResolvedImage } from './resolve.ts';
import { unpackLayer } from './unpack.ts';
import { verified, type Witness } from './verified.ts';

/** How far a layer may grow when it is decompressed: `base + ratio * compressed size` bytes. */
export interface GrowthLimit {
  base: number;
  ratio: number;
}

export interface LayerJob {
  descriptor: Descriptor;
  compression: Compression;
  diffId: Digest;
  chainId: string;
  parent: string | undefined;
}

export interface FetchedLayer extends LayerJob {
  draft: LayerDraft;
  /** The verified blob, unless it was in the store. */
  blobFile: string | undefined;
  /** Bytes of the layer's files. */
  size: number;
  /** Directories that it does not list. */
  implied: readonly Implied[];
}

/** Where layers come from: a registry, an archive, a directory. */
export interface LayerSource {
  /** Bytes as they come; whoever reads them verifies them. */
  blob(digest: Digest, size: number): AsyncIterable<Uint8Array>;
  /** A file with the bytes in this process's own work area, handed out once, to be kept instead of a copy. */
  takeFile?(digest: Digest): string | undefined;
}

export interface FetchParts {
  source: LayerSource;
  launcher: Launcher;
  blobs: Blobs;
  snapshots: Snapshotter;
  /** Directory of this pull. */
  area: string;
  growth: GrowthLimit;
  onProgress: (progress: PullProgress) => void;
}

/** The layers of an image, bottom first. Throws `unsupported` for media types that are no layer's. */
export function layerJobs({ manifest, config }: ResolvedImage): LayerJob[] {
  const chain = chainIds(config.diffIds);
  return manifest.layers.map((descriptor, index) => ({
    descriptor,
    compression: compressionOf(descriptor.mediaType),
    diffId: config.diffIds[index] as Digest,
    chainId: chain[index] as string,
    parent: chain[index - 1],
  }));
}

/** Brings one layer into a draft: from the blob on disk when it is there and whole, else from the source. */
export async function fetchLayer(parts: FetchParts, job: LayerJob, signal: AbortSignal): Promise<FetchedLayer> {
  const { blobs } = parts;
  const { digest } = job.descriptor;
  if (blobs.has(digest)) {
    try {
      return await unpackTo(parts, job, signal, 'disk');
    } catch (error) {
      if (!isFault(error, 'corrupt')) throw error;
      // The disk has changed it: a fresh copy takes its place.
    }
  }
  return unpackTo(parts, job, signal, 'source');
}

async function unpackTo(
  parts: FetchParts,
  job: LayerJob,
  signal: AbortSignal,
  from: 'disk' | 'source',
): Promise<FetchedLayer> {
  const { source, blobs, snapshots, launcher, growth } = parts;
  const { descriptor } = job;
  const directory = join(parts.area, `${job.chainId.slice(-16)}-${from}`);
  mkdirSync(directory, { mode: 0o700 });
  const draft = snapshots.draft(join(directory, 'draft'));
  const content = from === 'source' ? source.blob(descriptor.digest, descriptor.size) : blobs.stream(descriptor.digest);
  const given = from === 'source' ? source.takeFile?.(descriptor.digest) : undefined;
  const copied = from === 'source' && given === undefined;
  const blobFile = copied ? await createBlobFile(join(directory, 'blob')) : undefined;
  const report = reporter(parts, descriptor, from === 'source' ? 'download' : 'unpack');
  const witness: Witness = async (chunk, done) => {
    report(done);
    await blobFile?.write(chunk);
  };
  try {
    const unpacked = await unpackLayer({
      source: verified(content, descriptor, witness),
      compression: job.compression,
      diffId: job.diffId,
      tree: draft.tree,
      limit: growth.base + growth.ratio * descriptor.size,
      launcher,
      signal,
    });
    await blobFile?.finish();
    return { ...job, draft, blobFile: given ?? blobFile?.path, ...unpacked };
  } finally {
    await blobFile?.close();
  }
}

function reporter(parts: FetchParts, { digest, size }: Descriptor, phase: 'download' | 'unpack') {
  return (done: number): void =>
    parts.onProgress({ kind: 'layer', digest, total: size, done, phase: done === size ? 'unpack' : phase });
}
