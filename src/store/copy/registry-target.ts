import { Fault } from '#base/fault.ts';
import { descriptorOf, type Document } from '#store/graph/document.ts';
import type { Graph } from '#store/graph/graph.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { StoreParts } from '#store/parts.ts';
import { inParallel } from '#store/pull/in-parallel.ts';
import { mountSources } from '#store/push/mount-sources.ts';
import type { PushProgress } from '#store/push/progress.ts';
import { familiarName, type Reference } from '#store/reference.ts';
import type { RepositoryClient } from '#store/registry/client.ts';
import { NOT_DISTRIBUTABLE } from '#store/registry/media-types.ts';
import type { Place } from '#store/registry/registries.ts';
import { checkedParts } from './checked-parts.ts';
import type { CopyOptions, CopySource, CopyTarget } from './port.ts';
import { clientAt, type RegistryWay } from './registry-source.ts';

const BLOBS_AT_A_TIME = 3;

/**
 * A tag of a repository. Blobs come first, then the documents by their digests, and the tag at last, so that it never
 * means what is not whole. Blobs flow from the source without being laid down anywhere.
 */
export function registryTarget(
  parts: Pick<StoreParts, 'transport' | 'database'>,
  destination: Reference,
  place: Place,
  way: RegistryWay,
): CopyTarget {
  const { tag } = destination;
  if (tag === undefined || destination.digest !== undefined) {
    throw new Fault('invalid', `copy to ${familiarName(destination)}: a digest is no place to copy to`, {
      hint: 'Name a tag.',
    });
  }
  return {
    write: async (graph, source, options) => {
      const mounts = mountsFor(parts, place, graph, source);
      const client = await clientAt(parts, place, way, { push: { mountFrom: [...new Set(mounts.values())] } });
      await inParallel(graph.blobs, BLOBS_AT_A_TIME, options.signal, (blob, signal) =>
        sendBlob(client, source, blob, mounts.get(blob.digest), { ...options, signal }),
      );
      for (const document of graph.documents)
        await sendDocument(client, document, document === graph.root ? tag : undefined);
    },
  };
}

/** Where the registry has each blob already: where it is copied from, or what we know of pulls and pushes. */
function mountsFor(
  { database }: Pick<StoreParts, 'database'>,
  place: Place,
  graph: Graph,
  { registry: from }: CopySource,
): ReadonlyMap<string, string> {
  if (from?.registry !== place.registry) return mountSources(database, place, graph.blobs);
  return from.repository === place.repository
    ? new Map()
    : new Map(graph.blobs.map(({ digest }) => [digest, from.repository]));
}

async function sendBlob(
  client: RepositoryClient,
  source: CopySource,
  blob: Descriptor,
  mountFrom: string | undefined,
  { onProgress, signal }: CopyOptions,
): Promise<void> {
  const { digest, size, mediaType } = blob;
  const report = (phase: PushProgress['phase'], done = 0, from?: string): void =>
    onProgress?.({ kind: 'layer', digest, total: size, done, phase, ...(from === undefined ? {} : { from }) });
  if (signal?.aborted === true) throw new Fault('cancelled', `copy the blob ${digest}`, { cause: signal.reason });
  report('waiting');
  if (NOT_DISTRIBUTABLE.test(mediaType)) return report('skipped');
  if (await client.has(digest, size)) return report('exists', size);
  const outcome = await client.upload({
    digest,
    size,
    open: checkedParts(source, blob),
    onSent: (done) => report('upload', done),
    ...(mountFrom === undefined ? {} : { mountFrom }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (outcome === 'mounted') report('mounted', size, mountFrom);
  else report('done', size);
}

/** What is led to goes by its digest alone; what has been there by its digest is put again, which changes nothing. */
async function sendDocument(client: RepositoryClient, document: Document, tag: string | undefined): Promise<void> {
  await client.putManifest(tag ?? descriptorOf(document).digest, document);
}
