import { Fault } from '#base/fault.ts';
import { convertGraph, type ManifestFormat } from '#store/graph/convert.ts';
import { manifestFor } from '#store/graph/choose.ts';
import { withOwnType } from '#store/graph/document.ts';
import { graphOfDocument, readGraph, type Graph } from '#store/graph/graph.ts';
import { isIndex, parseContent } from '#store/image/manifest.ts';
import type { Platform } from '#store/platform.ts';
import type { Copied, CopyOptions, CopySource, CopyTarget } from './port.ts';

export interface CopyRequest extends CopyOptions {
  /** Of an index: the image for `platform`, all that it leads to, or the index alone. */
  which: 'system' | 'all' | 'index-only';
  platform: Platform;
  /** Write manifests in this format. */
  format?: ManifestFormat;
  /** Fail rather than change a digest. */
  preserveDigests?: boolean;
}

/** Copies what the source names to the target, each blob and document checked against its digest on the way. */
export async function copyContent(source: CopySource, target: CopyTarget, request: CopyRequest): Promise<Copied> {
  const graph = inFormat(await chosenGraph(source, request), request);
  await target.write(graph, source, request);
  const { digest, mediaType, bytes } = graph.root;
  return { digest, mediaType, size: bytes.length };
}

async function chosenGraph(source: CopySource, { which, platform, signal }: CopyRequest): Promise<Graph> {
  const named = withOwnType(await source.root());
  const root = which === 'system' ? await manifestFor(named, source, platform) : named;
  const isAlone = which === 'index-only' && isIndex(parseContent(root.bytes, root.mediaType));
  return isAlone ? graphOfDocument(root) : readGraph(root, source, signal);
}

function inFormat(graph: Graph, { format, preserveDigests, which }: CopyRequest): Graph {
  if (format === undefined) return graph;
  if (which === 'index-only' && graph.rootKind === 'index') {
    throw new Fault('invalid', 'copy an index alone in another format: the images that it leads to keep theirs', {
      field: '--format',
    });
  }
  const converted = convertGraph(graph, format);
  if (preserveDigests !== true || converted === graph) return converted;
  throw new Fault('conflict', `copy in the format ${format}: the digest would change from ${graph.root.digest}`, {
    field: '--preserve-digests',
    hint: 'Leave --format or --preserve-digests away.',
  });
}
