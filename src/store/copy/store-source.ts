import { Fault, isFault } from '#base/fault.ts';
import { newOwner } from '#store/content/work-area.ts';
import type { Digest } from '#store/digest.ts';
import { checkedDocument, documentOf } from '#store/graph/document.ts';
import { fullName } from '#store/index/names.ts';
import type { StoreParts } from '#store/parts.ts';
import { parseReference, type Reference } from '#store/reference.ts';
import type { CopySource } from './port.ts';

export type StoreContent = 'image' | 'index' | 'either';

/**
 * What the store keeps by a name: the image, the index, or for `either` the index if there is one. Leased until it is
 * closed. Throws `notFound`.
 */
export function storeSource(parts: StoreParts, text: string, wanted: StoreContent): CopySource {
  const { database, blobs, leases } = parts;
  const owner = newOwner();
  const root = database.transaction(() => {
    const found = findContent(parts, text, wanted);
    for (const digest of found.blobs) if (blobs.has(digest)) leases.take(owner, 'blob', digest);
    return found.root;
  });
  const read = (digest: Digest): Promise<Buffer> =>
    blobs.read(digest).catch((error: unknown) => lost(error, digest, text));
  return {
    name: nameOf(text),
    root: async () => documentOf(await read(root), root),
    document: async (descriptor) => checkedDocument(await read(descriptor.digest), descriptor),
    blob: (digest, size, rest) => needed(parts, digest, text) ?? streamFrom(parts, digest, size, rest?.start ?? 0),
    part: ({ digest }, start, end) => needed(parts, digest, text) ?? blobs.stream(digest, { start, end }),
    close: () => Promise.resolve(leases.release(owner)),
  };
}

function findContent(
  { database, images, indexes }: StoreParts,
  text: string,
  wanted: StoreContent,
): { root: Digest; blobs: Digest[] } {
  const index = wanted === 'image' ? undefined : indexes.find(text);
  if (index !== undefined) {
    const rows = database.all<{ digest: Digest }>('SELECT digest FROM index_blob WHERE index_id = ?', index.id);
    return { root: index.id, blobs: rows.map(({ digest }) => digest) };
  }
  const image = wanted === 'index' ? undefined : images.find(text);
  if (image !== undefined) {
    const { manifestDigest, configDigest, layers } = image;
    return { root: manifestDigest, blobs: [manifestDigest, configDigest, ...layers.map(({ digest }) => digest)] };
  }
  if (wanted !== 'index') {
    throw new Fault('notFound', `No such image: ${text}`, { hint: 'sampan images lists the images there are.' });
  }
  throw new Fault('notFound', `No such index: ${text}`, {
    hint: `sampan pull --all-platforms ${text} brings one, sampan manifest create makes one.`,
  });
}

function nameOf(text: string): Reference | undefined {
  const name = /^(?:sha256:)?[0-9a-f]{12,64}$/.test(text) ? undefined : fullName(text);
  return name === undefined ? undefined : parseReference(name);
}

function streamFrom({ blobs }: StoreParts, digest: Digest, size: number, start: number): AsyncIterable<Buffer> {
  return blobs.stream(digest, start === 0 ? undefined : { start, end: size });
}

/** Throws when the blob is not there; a stream would only say ENOENT. */
function needed({ blobs }: StoreParts, digest: Digest, text: string): undefined {
  if (!blobs.has(digest)) lost(undefined, digest, text);
}

function lost(error: unknown, digest: Digest, text: string): never {
  if (error !== undefined && !isFault(error, 'notFound', 'corrupt')) throw error;
  throw new Fault(
    isFault(error) ? error.kind : 'notFound',
    `read ${text}: its blob ${digest} is not in the store any more`,
    {
      ...(error === undefined ? {} : { cause: error }),
      hint: 'Bring it again: sampan pull.',
      facts: { digest },
    },
  );
}
