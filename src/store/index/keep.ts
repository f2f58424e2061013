import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { openPartials } from '#store/content/partials.ts';
import type { Digest } from '#store/digest.ts';
import { descriptorOf } from '#store/graph/document.ts';
import type { Graph } from '#store/graph/graph.ts';
import type { StoreParts } from '#store/parts.ts';
import { inParallel } from '#store/pull/in-parallel.ts';
import { inSteps } from '#store/pull/in-steps.ts';
import type { LayerSource } from '#store/pull/layers.ts';
import type { PullProgress } from '#store/pull/progress.ts';
import { syncFileSystem } from '#store/pull/sync.ts';
import { worthAnotherTry } from '#store/pull/worth-another-try.ts';
import { NOT_DISTRIBUTABLE } from '#store/registry/media-types.ts';
import type { Reference } from '#store/reference.ts';
import { sweepOrphans } from '#store/upkeep/orphans.ts';
import { bringBlob } from './bring-blob.ts';
import type { IndexMember } from './record.ts';

export interface KeepRequest {
  graph: Graph;
  names: readonly Reference[];
  source: LayerSource;
  /** Owner of the work area, and a directory of it for this. */
  owner: string;
  area: string;
  onProgress: (progress: PullProgress) => void;
  signal: AbortSignal | undefined;
  /** Called in the transaction that makes it visible; a throw undoes all. */
  check?: () => void;
}

interface NewDocument {
  file: string;
  digest: Digest;
  size: number;
}

const BLOBS_AT_A_TIME = 3;

/**
 * Brings an index or artifact into the store with all that it leads to, byte by byte and not unpacked. What the store has
 * is not fetched. It is visible as a whole or not at all; after a failure that may pass, blobs stay for another try.
 */
export async function keepGraph(parts: StoreParts, request: KeepRequest): Promise<void> {
  const { graph, area, owner, signal, onProgress } = request;
  const blobs = graph.blobs.filter(({ mediaType }) => !NOT_DISTRIBUTABLE.test(mediaType));
  // As in a pull: what has been cut off once may be so again.
  const begun = openPartials(parts).hasBegun(blobs.map(({ digest }) => digest));
  const source = begun ? inSteps(request.source) : request.source;
  try {
    await inParallel([...blobs.entries()], BLOBS_AT_A_TIME, signal, ([at, blob], cancelled) =>
      bringBlob({ parts, source, owner, onProgress }, blob, at, cancelled),
    );
    const documents = await writeDocuments(area, graph);
    await syncFileSystem(parts.launcher, area);
    makeVisible(parts, request, documents);
  } catch (error) {
    if (!worthAnotherTry(error)) forget(parts, graph, owner);
    throw error;
  }
}

async function writeDocuments(area: string, { documents }: Graph): Promise<NewDocument[]> {
  await mkdir(area, { recursive: true, mode: 0o700 });
  const written: NewDocument[] = [];
  for (const { bytes, digest } of documents) {
    const file = join(area, digest.replace(':', '-'));
    await writeFile(file, bytes, { mode: 0o600 });
    written.push({ file, digest, size: bytes.length });
  }
  return written;
}

function makeVisible(parts: StoreParts, { graph, names, check }: KeepRequest, documents: readonly NewDocument[]): void {
  try {
    parts.database.durably(() => {
      check?.();
      for (const { file, digest, size } of documents) parts.blobs.adopt(file, digest, size);
      const used = [...documents, ...graph.blobs].map(({ digest }) => digest);
      parts.indexes.put(recordOf(graph), names, used);
      parts.leases.forgetKept(used);
    });
  } catch (error) {
    // A transaction that failed half-way has renamed files that no row speaks of.
    sweepOrphans(parts);
    throw error;
  }
}

function recordOf({ root, rootKind, documents, blobs, images }: Graph): Parameters<StoreParts['indexes']['put']>[0] {
  if (rootKind === 'image') throw new Fault('internal', `keep ${root.digest} as an index: it is an image`);
  const members = images.flatMap(({ document: { digest }, platform }): IndexMember[] =>
    platform === undefined || platform.os === 'unknown' || platform.os === '' ? [] : [{ digest, platform }],
  );
  const size = [...documents.map(descriptorOf), ...blobs].reduce((sum, one) => sum + one.size, 0);
  return { id: root.digest, mediaType: root.mediaType, kind: rootKind, members, size };
}

/** What has come so far is of no use to anyone. */
function forget(parts: StoreParts, { blobs }: Graph, owner: string): void {
  const digests = blobs.map(({ digest }) => digest);
  parts.database.transaction(() => {
    openPartials(parts).drop(digests, owner);
    parts.leases.forgetKept(digests);
  });
}
