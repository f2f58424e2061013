import { Fault } from '#base/fault.ts';
import { withOwnType, type Document } from '#store/graph/document.ts';
import { isIndex, parseContent } from '#store/image/manifest.ts';
import type { StoreParts } from '#store/parts.ts';
import { openSource, type ContentPlace } from './open.ts';

export interface Documents {
  root: Document;
  /** Those that an index names itself, in its order. */
  entries: Document[];
}

const MOST_ENTRIES = 1000;
const MOST_BYTES = 64 * 1024 * 1024;

/** What a place names, with `deep` an index's entries too; no blobs. */
export async function documentsAt(parts: StoreParts, place: ContentPlace, deep: boolean): Promise<Documents> {
  const source = await openSource(parts, place, parts.platform, undefined);
  try {
    const root = withOwnType(await source.root());
    const parsed = parseContent(root.bytes, root.mediaType);
    if (!deep || !isIndex(parsed)) return { root, entries: [] };
    if (parsed.manifests.length > MOST_ENTRIES) {
      throw new Fault('corrupt', `read the index ${root.digest}: it has more than ${MOST_ENTRIES} entries`);
    }
    if (parsed.manifests.reduce((sum, { size }) => sum + size, 0) > MOST_BYTES) {
      throw new Fault('corrupt', `read the index ${root.digest}: its entries have more than ${MOST_BYTES} bytes`);
    }
    const entries: Document[] = [];
    for (const entry of parsed.manifests) entries.push(await source.document(entry));
    return { root, entries };
  } finally {
    await source.close();
  }
}
