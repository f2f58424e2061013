import { Fault } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import {
  isArtifact,
  isIndex,
  parseContent,
  type Artifact,
  type Descriptor,
  type Index,
  type IndexEntry,
  type Manifest,
} from '#store/image/manifest.ts';
import type { Platform } from '#store/platform.ts';
import { inParallel } from '#store/pull/in-parallel.ts';
import { LARGEST_DOCUMENT, type Document, type DocumentSource } from './document.ts';

export interface GraphImage {
  document: Document;
  manifest: Manifest;
  /** As the index says; undefined when it does not, or when no index led here. */
  platform: Platform | undefined;
}

/** All that a manifest or an index leads to. */
export interface Graph {
  root: Document;
  rootKind: 'index' | 'image' | 'artifact';
  /** Each once, what is led to before what leads to it; the root comes last. */
  documents: readonly Document[];
  /** Configurations and layers, each once. */
  blobs: readonly Descriptor[];
  /** Images, in the order of the index. */
  images: readonly GraphImage[];
}

/** Indexes within indexes; real ones have two levels. */
const DEEPEST = 4;
const MOST_DOCUMENTS = 1000;
const MOST_BYTES = 8 * LARGEST_DOCUMENT;
const AT_A_TIME = 4;

interface Walk {
  source: DocumentSource;
  signal: AbortSignal | undefined;
  documents: Map<Digest, Document>;
  blobs: Map<Digest, Descriptor>;
  images: GraphImage[];
  bytes: number;
}

/**
 * Reads everything below a document. Bounded in depth, number and bytes; a document that leads to itself cannot be, as
 * its digest would have to be known before it is written, and each is checked. Throws `corrupt`, `unsupported` and what the
 * source throws.
 */
export async function readGraph(root: Document, source: DocumentSource, signal?: AbortSignal): Promise<Graph> {
  const walk: Walk = { source, signal, documents: new Map(), blobs: new Map(), images: [], bytes: 0 };
  const parsed = await visit(walk, root, undefined, 0);
  return {
    root,
    rootKind: isIndex(parsed) ? 'index' : isArtifact(parsed) ? 'artifact' : 'image',
    documents: [...walk.documents.values()],
    blobs: [...walk.blobs.values()],
    images: walk.images,
  };
}

/** The graph of an index alone, without what it leads to. */
export function graphOfDocument(root: Document): Graph {
  return { root, rootKind: 'index', documents: [root], blobs: [], images: [] };
}

async function visit(
  walk: Walk,
  document: Document,
  platform: Platform | undefined,
  depth: number,
): Promise<Manifest | Artifact | Index> {
  const parsed = parseContent(document.bytes, document.mediaType);
  walk.bytes += document.bytes.length;
  if (walk.bytes > MOST_BYTES) throw tooLarge(document, `its documents have more than ${MOST_BYTES} bytes`);
  if (isIndex(parsed)) await visitIndex(walk, document, parsed, depth);
  else {
    for (const blob of [parsed.config, ...parsed.layers]) addBlob(walk, blob);
    if (!isArtifact(parsed)) walk.images.push({ document, manifest: parsed, platform });
  }
  walk.documents.set(document.digest, document);
  return parsed;
}

async function visitIndex(walk: Walk, document: Document, index: Index, depth: number): Promise<void> {
  const entries = distinct(index.manifests);
  if (depth === DEEPEST) throw tooLarge(document, 'indexes lie too deep within each other');
  if (walk.documents.size + entries.length > MOST_DOCUMENTS) {
    throw tooLarge(document, `it leads to more than ${MOST_DOCUMENTS} documents`);
  }
  const missing = entries.filter(({ digest }) => !walk.documents.has(digest));
  for (const { size, digest } of missing) {
    if (size > LARGEST_DOCUMENT) throw tooLarge(document, `its entry ${digest} has ${size} bytes`);
  }
  // They are in memory all at once before the first is looked at.
  const coming = missing.reduce((sum, { size }) => sum + size, 0);
  if (walk.bytes + coming > MOST_BYTES) throw tooLarge(document, `its documents have more than ${MOST_BYTES} bytes`);
  const found = await inParallel(missing, AT_A_TIME, walk.signal, (entry) => walk.source.document(entry));
  for (const [at, entry] of missing.entries()) {
    if (!walk.documents.has(entry.digest)) await visit(walk, found[at] as Document, entry.platform, depth + 1);
  }
}

function addBlob({ blobs }: Walk, blob: Descriptor): void {
  const known = blobs.get(blob.digest);
  if (known === undefined) blobs.set(blob.digest, blob);
  else if (known.size !== blob.size) {
    throw new Fault(
      'corrupt',
      `the blob ${blob.digest} has ${known.size} bytes by one manifest, ${blob.size} by another`,
    );
  }
}

function distinct(entries: readonly IndexEntry[]): IndexEntry[] {
  return [...new Map(entries.map((entry) => [entry.digest, entry])).values()];
}

function tooLarge({ digest }: Document, why: string): Fault {
  return new Fault('corrupt', `read the index ${digest}: ${why}`, { facts: { digest } });
}
