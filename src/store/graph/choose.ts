import { Fault, isFault } from '#base/fault.ts';
import { isIndex, parseContent, selectPlatform, type Index } from '#store/image/manifest.ts';
import type { Platform } from '#store/platform.ts';
import { INDEX_TYPES } from '#store/registry/media-types.ts';
import { withOwnType, type Document, type DocumentSource } from './document.ts';

const DEEPEST = 4;
/** Indexes within an index that are looked into. */
const MOST_INNER = 20;

/**
 * The manifest that a document means on `wanted`: itself, or that of an index which fits best; one of an inner index only
 * where the outer has none. Throws `unsupported` when there is none, `corrupt` when they lie too deep.
 */
export async function manifestFor(
  root: Document,
  source: DocumentSource,
  wanted: Platform,
  depth = 0,
): Promise<Document> {
  const parsed = parseContent(root.bytes, root.mediaType);
  if (!isIndex(parsed)) return root;
  if (depth === DEEPEST) throw new Fault('corrupt', 'read the index: indexes lie too deep within each other');
  try {
    const chosen = withOwnType(await source.document(selectPlatform(parsed, wanted)));
    return await manifestFor(chosen, source, wanted, depth + 1);
  } catch (error) {
    if (!isFault(error, 'unsupported')) throw error;
    return (await fromInner(parsed, source, wanted, depth)) ?? raise(error);
  }
}

async function fromInner(
  { manifests }: Index,
  source: DocumentSource,
  wanted: Platform,
  depth: number,
): Promise<Document | undefined> {
  const inner = manifests.filter(({ mediaType, platform }) => INDEX_TYPES.has(mediaType) && platform === undefined);
  for (const entry of inner.slice(0, MOST_INNER)) {
    try {
      return await manifestFor(withOwnType(await source.document(entry)), source, wanted, depth + 1);
    } catch (error) {
      if (!isFault(error, 'unsupported')) throw error;
    }
  }
  return undefined;
}

function raise(error: unknown): never {
  throw error;
}
