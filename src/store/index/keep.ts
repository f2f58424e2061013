import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import { descriptorOf } from '#store/graph/document.ts';
import type { Graph } from '#store/graph/graph.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { StoreParts } from '#store/parts.ts';
import { createBlobFile } from '#store/pull/blob-file.ts';
import { inParallel } from '#store/pull/in-parallel.ts';
import type { LayerSource } from '#store/pull/layers.ts';
import type { PullProgress } from '#store/pull/progress.ts';
import { syncFileSystem } from '#store/pull/sync.ts';
import { verified } from '#store/pull/verified.ts';
import { NOT_DISTRIBUTABLE } from '#store/registry/media-types.ts';
import type { Reference } from '#store/reference.ts';
import { sweepOrphans } from '#store/upkeep/orphans.ts';
import type { IndexMember } from './record.ts';

export interface KeepRequest {
  graph: Graph;
  names: readonly Reference[];
  source: LayerSource;
  /** Owner of the work area, and an empty directory of it. */
  owner: string;
  area: string;
  onProgress: (progress: PullProgress) => void;
  signal: AbortSignal | undefined;
  /** Called in the transaction that makes it visible; a throw undoes all. */
  check?: () => void;
}

interface NewBlob {
  file: string;
  digest: Digest;
  size: number;
}

const BLOBS_AT_A_TIME = 3;

/**
 * Brings an index or artifact into the store with all that it leads to, byte by byte and not unpacked. What the store has
 * is not fetched. It is visible as a whole or not at all.
 */
export async function keepGraph(parts: StoreParts, request: KeepRequest): Promise<void> {
  const { graph, area, owner, signal, names } = request;
  await mkdir(area, { recursive: true, mode: 0o700 });
  const missing = leaseExisting(parts, owner, graph.blobs, request.onProgress);
  const fetched = await inParallel(missing, BLOBS_AT_A_TIME, signal, (blob, cancelled) =>
    fetchBlob(request, blob, cancelled),
  );
  const documents: NewBlob[] = [];
  for (const { bytes, digest } of graph.documents) {
    const file = fileOf(area, digest);
    await writeFile(file, bytes, { mode: 0o600 });
    documents.push({ file, digest, size: bytes.length });
  }
  await syncFileSystem(parts.launcher, area);
  try {
    parts.database.durably(() => {
      request.check?.();
      for (const { file, digest, size } of [...documents, ...fetched]) parts.blobs.adopt(file, digest, size);
      const used = [...documents, ...graph.blobs].map(({ digest }) => digest);
      parts.indexes.put(recordOf(graph), names, used);
    });
  } catch (error) {
    // A transaction that failed half-way has renamed files that no row speaks of.
    sweepOrphans(parts);
    throw error;
  }
  for (const { digest, size } of fetched) {
    request.onProgress({ kind: 'layer', digest, total: size, done: size, phase: 'done' });
  }
}

function recordOf(graph: Graph): Parameters<StoreParts['indexes']['put']>[0] {
  const { root, rootKind, documents, blobs, images } = graph;
  if (rootKind === 'image') throw new Fault('internal', `keep ${root.digest} as an index: it is an image`);
  const members = images.flatMap(({ document: { digest }, platform }): IndexMember[] =>
    platform === undefined || platform.os === 'unknown' || platform.os === '' ? [] : [{ digest, platform }],
  );
  const size = [...documents.map(descriptorOf), ...blobs].reduce((sum, one) => sum + one.size, 0);
  return { id: root.digest, mediaType: root.mediaType, kind: rootKind, members, size };
}

/** Keeps what is there from being collected; gives what has to be fetched. */
function leaseExisting(
  { database, blobs, leases }: StoreParts,
  owner: string,
  wanted: readonly Descriptor[],
  onProgress: KeepRequest['onProgress'],
): Descriptor[] {
  const missing = database.transaction(() =>
    wanted.filter(({ digest, mediaType }) => {
      const kept = blobs.has(digest);
      if (kept) leases.take(owner, 'blob', digest);
      return !kept && !NOT_DISTRIBUTABLE.test(mediaType);
    }),
  );
  for (const blob of wanted) {
    const { digest, size: total } = blob;
    const phase = missing.includes(blob) ? 'waiting' : 'exists';
    onProgress({ kind: 'layer', digest, total, done: phase === 'exists' ? total : 0, phase });
  }
  return missing;
}

async function fetchBlob(
  { source, area, onProgress }: KeepRequest,
  blob: Descriptor,
  signal: AbortSignal,
): Promise<NewBlob> {
  const { digest, size } = blob;
  const given = source.takeFile?.(digest);
  const file = given === undefined ? await createBlobFile(fileOf(area, digest)) : undefined;
  try {
    for await (const chunk of verified(source.blob(digest, size), blob, (_, done) =>
      onProgress({ kind: 'layer', digest, total: size, done, phase: 'download' }),
    )) {
      if (signal.aborted) throw new Fault('cancelled', `fetch the blob ${digest}`, { cause: signal.reason });
      await file?.write(chunk);
    }
    await file?.finish();
    return { file: given ?? fileOf(area, digest), digest, size };
  } finally {
    await file?.close();
  }
}

function fileOf(area: string, digest: Digest): string {
  return join(area, digest.replace(':', '-'));
}
