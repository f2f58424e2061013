import { blobName } from '#store/load/content.ts';
import { CONTAINERD_NAME, REF_NAME } from '#store/load/oci-layout.ts';
import { descriptorOf } from '#store/graph/document.ts';
import type { Graph } from '#store/graph/graph.ts';
import { isArtifact, parseContent, type Descriptor } from '#store/image/manifest.ts';
import type { CopySource } from '#store/copy/port.ts';
import { verified } from '#store/pull/verified.ts';
import { NOT_DISTRIBUTABLE, OCI_INDEX } from '#store/registry/media-types.ts';
import { LAYOUT_FILE, layoutDocument } from './documents.ts';
import type { SavedFile } from './save.ts';

/** What an entry of index.json calls its content: a word of the user's, or a whole name. */
export interface EntryName {
  ref: string;
  whole?: string;
}

/** An entry of index.json for the root of a graph. */
export function layoutEntry({ root }: Graph, name: EntryName | undefined): Record<string, unknown> {
  const parsed = parseContent(root.bytes, root.mediaType);
  return {
    ...descriptorOf(root),
    ...(isArtifact(parsed) ? { artifactType: parsed.artifactType } : {}),
    ...(name === undefined
      ? {}
      : {
          annotations: {
            ...(name.whole === undefined ? {} : { [CONTAINERD_NAME]: name.whole }),
            [REF_NAME]: name.ref,
          },
        }),
  };
}

export function layoutIndex(entries: readonly object[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries }));
}

/** Documents and blobs under their names in a layout, each blob checked as it is read. */
export function contentFiles({ documents, blobs }: Graph, source: Pick<CopySource, 'blob'>): SavedFile[] {
  return [
    ...documents.map(({ bytes, digest }) => documentFile(blobName(digest), bytes)),
    ...distributable(blobs).map((blob) => ({
      name: blobName(blob.digest),
      size: blob.size,
      content: content(source, blob),
    })),
  ];
}

/** A whole layout with one entry. */
export function layoutFiles(graph: Graph, source: Pick<CopySource, 'blob'>, name: EntryName | undefined): SavedFile[] {
  return [
    documentFile(LAYOUT_FILE, layoutDocument()),
    documentFile('index.json', layoutIndex([layoutEntry(graph, name)])),
    ...contentFiles(graph, source),
  ];
}

export function distributable(blobs: readonly Descriptor[]): Descriptor[] {
  return blobs.filter(({ mediaType }) => !NOT_DISTRIBUTABLE.test(mediaType));
}

/** Read only when it is written. */
export async function* content(
  source: Pick<CopySource, 'blob'>,
  blob: Descriptor,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* verified(source.blob(blob.digest, blob.size), blob);
}

export function documentFile(name: string, bytes: Buffer): SavedFile {
  return {
    name,
    size: bytes.length,
    content: (async function* () {
      yield bytes;
    })(),
  };
}
