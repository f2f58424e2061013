import { Fault, isFault } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import { isIndex, parseContent, selectPlatform, type Index } from '#store/image/manifest.ts';
import type { Platform } from '#store/platform.ts';
import { INDEX_TYPES } from '#store/registry/media-types.ts';
import { withOwnType, type Document, type DocumentSource } from './document.ts';

const DEEPEST = 4;
/** Indexes within indexes that are looked into, all in all: a few small ones could lead to any number of requests. */
const MOST_INNER = 20;

interface Search {
  source: DocumentSource;
  wanted: Platform;
  /** Inner indexes that were looked into; each is once. */
  seen: Set<Digest>;
}

/**
 * The manifest that a document means on `wanted`: itself, or that of an index which fits best; one of an inner index only
 * where the outer has none. Throws `unsupported` when there is none, `corrupt` when they lie too deep.
 */
export function manifestFor(root: Document, source: DocumentSource, wanted: Platform): Promise<Document> {
  return search(root, { source, wanted, seen: new Set() }, 0);
}

async function search(root: Document, look: Search, depth: number): Promise<Document> {
  const parsed = parseContent(root.bytes, root.mediaType);
  if (!isIndex(parsed)) return root;
  if (depth === DEEPEST) throw new Fault('corrupt', 'read the index: indexes lie too deep within each other');
  try {
    const chosen = withOwnType(await look.source.document(selectPlatform(parsed, look.wanted)));
    return await search(chosen, look, depth + 1);
  } catch (error) {
    if (!isFault(error, 'unsupported')) throw error;
    return (await fromInner(parsed, look, depth)) ?? raise(error);
  }
}

async function fromInner({ manifests }: Index, look: Search, depth: number): Promise<Document | undefined> {
  const inner = manifests.filter(({ mediaType, platform }) => INDEX_TYPES.has(mediaType) && platform === undefined);
  for (const entry of inner) {
    if (look.seen.has(entry.digest) || look.seen.size >= MOST_INNER) continue;
    look.seen.add(entry.digest);
    try {
      return await search(withOwnType(await look.source.document(entry)), look, depth + 1);
    } catch (error) {
      if (!isFault(error, 'unsupported')) throw error;
    }
  }
  return undefined;
}

function raise(error: unknown): never {
  throw error;
}
