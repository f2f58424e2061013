import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { spoolArchive, type SpooledArchive } from '#store/archive/spool.ts';
import { newOwner, type WorkArea } from '#store/content/work-area.ts';
import { filesOfLayout, layoutEntries } from '#store/copy/layout-source.ts';
import type { CopySource } from '#store/copy/port.ts';
import { storeTarget } from '#store/copy/store-target.ts';
import type { Digest } from '#store/digest.ts';
import { withOwnType } from '#store/graph/document.ts';
import { readGraph, type Graph } from '#store/graph/graph.ts';
import type { JsonObject } from '#store/image/json.ts';
import { readDescriptor } from '#store/image/manifest.ts';
import type { StoreParts } from '#store/parts.ts';
import { parsePlatform } from '#store/platform.ts';
import { inWorkArea } from '#store/pull/in-work-area.ts';
import { formatReference, type Reference } from '#store/reference.ts';
import { archiveContent } from './archive-content.ts';
import type { LoadContent } from './content.ts';
import { directoryContent } from './directory-content.ts';
import { readDockerArchive } from './docker-archive.ts';
import { installFound, needed, type LoadInput, type LoadOptions } from './load.ts';
import { namesOf } from './oci-layout.ts';

export interface LoadedContent {
  /** In full. */
  names: string[];
  /** ID of the image, or digest of the index or artifact. */
  id: Digest;
}

/**
 * As `load`, and indexes and artifacts with a name are kept with all that they lead to. All documents are read before the
 * first is brought; each comes whole or not at all.
 */
export async function loadAll(parts: StoreParts, input: LoadInput, options: LoadOptions): Promise<LoadedContent[]> {
  return inWorkArea(parts, 'load the images', (area) => loadInto(parts, input, options, area));
}

async function loadInto(
  parts: StoreParts,
  input: LoadInput,
  options: LoadOptions,
  area: WorkArea,
): Promise<LoadedContent[]> {
  const { signal } = options;
  const archive = 'archive' in input ? await spoolArchive(input.archive, join(area.path, 'files'), signal) : undefined;
  const content =
    archive === undefined ? directoryContent((input as { directory: string }).directory) : archiveContent(archive);
  if (archive !== undefined && (await content.document('oci-layout')) === undefined) {
    return loadDocker(parts, content, archive, area, signal);
  }
  const source = sourceOf(content);
  const items = await readItems(content, source, signal);
  const wanted = options.platform === undefined ? parts.platform : parsePlatform(options.platform);
  const cancel = signal === undefined ? {} : { signal };
  for (const { graph, names } of items) await storeTarget(parts, { names }, wanted).write(graph, source, cancel);
  return items.map(({ graph, names }) => ({
    names: names.map(formatReference),
    id: graph.rootKind === 'image' ? (graph.images[0]?.manifest.config.digest ?? graph.root.digest) : graph.root.digest,
  }));
}

async function loadDocker(
  parts: StoreParts,
  content: LoadContent,
  archive: SpooledArchive,
  area: WorkArea,
  signal: AbortSignal | undefined,
): Promise<LoadedContent[]> {
  const keeper = newOwner();
  try {
    const found = needed(await readDockerArchive(content, archive), 'the archive');
    const loaded = await installFound(parts, found, { area, keeper, signal });
    return loaded.map(({ names, image }) => ({ names, id: image.configDigest }));
  } finally {
    parts.leases.release(keeper);
  }
}

interface Item {
  graph: Graph;
  names: Reference[];
}

async function readItems(content: LoadContent, source: CopySource, signal: AbortSignal | undefined): Promise<Item[]> {
  const byDigest = new Map<string, { entry: JsonObject; names: Reference[] }>();
  for (const entry of await layoutEntries(content, 'the archive')) {
    const known = byDigest.get(String(entry['digest'])) ?? { entry, names: [] };
    byDigest.set(String(entry['digest']), { ...known, names: [...known.names, ...namesOf(entry)] });
  }
  const items: Item[] = [];
  for (const { entry, names } of byDigest.values()) {
    const root = withOwnType(await source.document(readDescriptor(entry, 'entry of index.json')));
    const graph = await readGraph(root, source, signal);
    // Nobody could call them: attestations and the like beside the images that they speak of.
    if (graph.rootKind === 'image' || names.length > 0) items.push({ graph, names });
  }
  if (items.length > 0) return items;
  throw new Fault('corrupt', 'load from the layout: it has no image, and no index or artifact with a name');
}

function sourceOf(content: LoadContent): CopySource {
  return {
    ...filesOfLayout(content, 'the layout'),
    name: undefined,
    root: () => Promise.reject(new Fault('internal', 'a layout of several things has no root')),
    close: () => Promise.resolve(),
  };
}
