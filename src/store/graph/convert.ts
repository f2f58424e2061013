import { Fault } from '#base/fault.ts';
import { digestOf, type Digest } from '#store/digest.ts';
import { asArray, asObject, parseJson, type JsonObject } from '#store/image/json.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from '#store/registry/media-types.ts';
import type { Document } from './document.ts';
import type { Graph } from './graph.ts';

export type ManifestFormat = 'oci' | 'v2s2';

/** Media types of one format in the words of the other; blobs stay what they are. */
const WORDS: Readonly<Record<ManifestFormat, Readonly<Record<string, string>>>> = {
  oci: {
    [DOCKER_LIST]: OCI_INDEX,
    [DOCKER_MANIFEST]: OCI_MANIFEST,
    [DOCKER_CONFIG]: OCI_CONFIG,
    [DOCKER_LAYER.gzip]: OCI_LAYER.gzip,
    [DOCKER_LAYER.zstd]: OCI_LAYER.zstd,
    [DOCKER_LAYER.none]: OCI_LAYER.none,
  },
  v2s2: {
    [OCI_INDEX]: DOCKER_LIST,
    [OCI_MANIFEST]: DOCKER_MANIFEST,
    [OCI_CONFIG]: DOCKER_CONFIG,
    [OCI_LAYER.gzip]: DOCKER_LAYER.gzip,
    [OCI_LAYER.none]: DOCKER_LAYER.none,
  },
};

/**
 * The same graph in the words of one format, or itself when it is all in that. Digests of the documents change, those of
 * layers and configurations do not. Annotations are lost in v2s2, which has none. Throws `unsupported` for what else the
 * format cannot say: artifacts, subjects and zstd in v2s2.
 */
export function convertGraph(graph: Graph, format: ManifestFormat): Graph {
  const made = new Map<Digest, Document>();
  for (const document of graph.documents) made.set(document.digest, convert(document, format, made));
  const now = (document: Document): Document => made.get(document.digest) ?? document;
  if ([...made].every(([digest, document]) => digest === document.digest)) return graph;
  return {
    ...graph,
    root: now(graph.root),
    documents: graph.documents.map(now),
    images: graph.images.map((image) => ({ ...image, document: now(image.document) })),
  };
}

function convert(document: Document, format: ManifestFormat, made: ReadonlyMap<Digest, Document>): Document {
  const json = parseJson(document.bytes, 'manifest');
  const mediaType = worded(document.mediaType, format);
  const changed =
    json['manifests'] === undefined
      ? {
          config: reworded(json['config'], format),
          layers: list(json, 'layers').map((layer) => reworded(layer, format)),
        }
      : { manifests: list(json, 'manifests').map((entry) => moved(entry, made)) };
  const same = mediaType === document.mediaType && JSON.stringify({ ...json, ...changed }) === JSON.stringify(json);
  if (same) return document;
  if (format === 'v2s2') refuseLoss(json);
  const { annotations: _, ...plain } = json;
  const bytes = Buffer.from(JSON.stringify({ ...(format === 'v2s2' ? plain : json), ...changed, mediaType }));
  return { bytes, mediaType, digest: digestOf(bytes) };
}

/** An entry of an index, led to the document's new form. */
function moved(entry: JsonObject, made: ReadonlyMap<Digest, Document>): JsonObject {
  const now = made.get(entry['digest'] as Digest);
  if (now === undefined || now.digest === entry['digest']) return entry;
  return { ...entry, mediaType: now.mediaType, digest: now.digest, size: now.bytes.length };
}

function reworded(value: unknown, format: ManifestFormat): JsonObject {
  const { annotations, ...descriptor } = asObject(value, "manifest's descriptor");
  const kept = format === 'v2s2' || annotations === undefined ? {} : { annotations };
  return { ...descriptor, ...kept, mediaType: worded(String(descriptor['mediaType']), format) };
}

function worded(mediaType: string, format: ManifestFormat): string {
  const words = WORDS[format];
  if (Object.values(words).includes(mediaType)) return mediaType;
  const found = Object.hasOwn(words, mediaType) ? words[mediaType] : undefined;
  if (found !== undefined) return found;
  throw new Fault('unsupported', `convert to ${format}: it has no word for the media type "${mediaType}"`, {
    hint: 'Leave --format away to copy it as it is.',
  });
}

function refuseLoss(json: JsonObject): void {
  const lost = ['subject', 'artifactType'].find((key) => json[key] !== undefined);
  if (lost === undefined) return;
  throw new Fault('unsupported', `convert to v2s2: the manifest has ${lost}, which this format cannot say`, {
    hint: 'Leave --format away to copy it as it is.',
  });
}

function list(json: JsonObject, key: string): JsonObject[] {
  return asArray(json[key], `manifest's ${key}`).map((item) => asObject(item, `manifest's ${key}`));
}
