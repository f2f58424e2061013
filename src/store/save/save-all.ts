import { Fault } from '#base/fault.ts';
import type { CopySource } from '#store/copy/port.ts';
import { storeSource } from '#store/copy/store-source.ts';
import type { Digest } from '#store/digest.ts';
import { readGraph, type Graph } from '#store/graph/graph.ts';
import { fullName } from '#store/index/names.ts';
import { blobName } from '#store/load/content.ts';
import type { StoreParts } from '#store/parts.ts';
import { chooseImages, type ChosenImage } from './choose.ts';
import { dockerDocument, LAYOUT_FILE, layoutDocument } from './documents.ts';
import { contentFiles, distributable, documentFile, layoutEntry, layoutIndex } from './layout-files.ts';
import type { SavedFile, SaveFormat } from './save.ts';

interface Saved {
  graph: Graph;
  source: CopySource;
  /** In full; undefined for what is called by an ID. */
  name: string | undefined;
}

/**
 * As `save`, but of a name that means an index the index goes with all that it leads to. Of docker-archive, docker's own
 * description tells the images for this machine, as it knows no others.
 */
export async function saveAll(
  parts: StoreParts,
  texts: readonly string[],
  format: SaveFormat,
  write: (files: readonly SavedFile[]) => Promise<void>,
): Promise<void> {
  const sources: CopySource[] = [];
  try {
    const saved: Saved[] = [];
    for (const text of new Set(texts)) {
      const source = storeSource(parts, text, 'either');
      sources.push(source);
      saved.push({ source, name: calledBy(parts, text), graph: await readGraph(await source.root(), source) });
    }
    for (const { graph, name } of saved) checkWhole(parts, graph, name);
    await write(filesOf(parts, saved, format));
  } finally {
    for (const source of sources) await source.close();
  }
}

/** Better said before the first byte is written. */
function checkWhole({ blobs }: StoreParts, { root, blobs: used }: Graph, name: string | undefined): void {
  const lost = distributable(used).find(({ digest }) => !blobs.has(digest));
  if (lost === undefined) return;
  throw new Fault('corrupt', `save ${name ?? root.digest}: its blob ${lost.digest} is not in the store any more`, {
    hint: 'Bring it again: sampan pull --all-platforms.',
    facts: { digest: lost.digest },
  });
}

/** The text's name in full, when it is one of the store's. */
function calledBy({ images, indexes }: StoreParts, text: string): string | undefined {
  const name = fullName(text);
  const known = [...(indexes.find(text)?.names ?? []), ...(images.find(text)?.names ?? [])];
  return name !== undefined && known.includes(name) ? name : undefined;
}

function filesOf(parts: StoreParts, saved: readonly Saved[], format: SaveFormat): SavedFile[] {
  const files = new Map(
    saved.flatMap(({ graph, source }) => contentFiles(graph, source).map((file) => [file.name, file] as const)),
  );
  const several = saved.filter(({ name }) => name !== undefined).length > 1;
  const entries = saved.map(({ graph, name }) => {
    const ref = name === undefined || several ? name : name.slice(name.lastIndexOf(':') + 1);
    return layoutEntry(graph, name === undefined || ref === undefined ? undefined : { ref, whole: name });
  });
  const docker = format === 'docker-archive' ? [documentFile('manifest.json', dockerFile(parts, saved, files))] : [];
  return [
    documentFile(LAYOUT_FILE, layoutDocument()),
    documentFile('index.json', layoutIndex(entries)),
    ...docker,
    ...files.values(),
  ];
}

/** The images that are unpacked here and whole in the archive. */
function dockerFile({ images }: StoreParts, saved: readonly Saved[], files: ReadonlyMap<string, SavedFile>): Buffer {
  const names = saved.flatMap(({ name }) => (name === undefined ? [] : [name]));
  const chosen = names.flatMap((name): ChosenImage[] =>
    images.find(name) === undefined ? [] : chooseImages(images, [name]),
  );
  const isWhole = ({ image }: ChosenImage): boolean =>
    [image.configDigest, ...image.layers.map(({ digest }) => digest)].every((digest: Digest) =>
      files.has(blobName(digest)),
    );
  if (chosen.length > 0 && chosen.every(isWhole)) return dockerDocument(chosen, blobName);
  throw new Fault('unsupported', 'save as docker-archive: none of these is an image for this machine', {
    field: '--format',
    hint: 'Use --format oci-archive.',
  });
}
