import { Fault } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import { checkedDocument, documentOf } from '#store/graph/document.ts';
import { documentIn, streamOf } from '#store/load/directory-content.ts';
import type { CopySource } from './port.ts';

/** Name of a blob in a directory of skopeo's (containers-transports(5), "dir"). */
export const dirBlobName = (digest: Digest): string => digest.slice(digest.indexOf(':') + 1);
export const dirDocumentName = (digest: Digest): string => `${dirBlobName(digest)}.manifest.json`;

/** A directory with one image or index, as skopeo's `dir:` writes it. */
export function dirSource(directory: string): CopySource {
  const document = async (name: string): Promise<Buffer> => {
    const bytes = await documentIn(directory, name);
    if (bytes !== undefined) return bytes;
    throw new Fault('corrupt', `the directory ${directory} has no ${name}`);
  };
  return {
    name: undefined,
    root: async () => documentOf(await document('manifest.json')),
    document: async (descriptor) => checkedDocument(await document(dirDocumentName(descriptor.digest)), descriptor),
    blob: (digest, _, rest) => streamOf(directory, dirBlobName(digest), { start: rest?.start ?? 0 }),
    part: ({ digest }, start, end) => streamOf(directory, dirBlobName(digest), { start, end: end - 1 }),
    close: () => Promise.resolve(),
  };
}
