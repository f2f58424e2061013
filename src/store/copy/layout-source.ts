import { Fault } from '#base/fault.ts';
import { checkedDocument } from '#store/graph/document.ts';
import { asArray, asObject, parseJson, type JsonObject } from '#store/image/json.ts';
import { readDescriptor } from '#store/image/manifest.ts';
import { blobName, type LoadContent } from '#store/load/content.ts';
import { CONTAINERD_NAME, MOST_IMAGES, namesOf, REF_NAME } from '#store/load/oci-layout.ts';
import { familiarName } from '#store/reference.ts';
import type { CopySource } from './port.ts';

/** An entry of an OCI layout: the one of this name, or the only one. `where` is how the layout is called in messages. */
export async function layoutSource(
  content: LoadContent,
  where: string,
  reference: string | undefined,
  close: () => Promise<void>,
): Promise<CopySource> {
  const entry = chooseEntry(await layoutEntries(content, where), where, reference);
  const descriptor = readDescriptor(entry, 'entry of index.json');
  return {
    ...filesOfLayout(content, where),
    name: namesOf(entry)[0],
    root: () => filesOfLayout(content, where).document(descriptor),
    close,
  };
}

/** What a layout gives by digest. */
export function filesOfLayout(
  content: LoadContent,
  where: string,
): Pick<CopySource, 'document' | 'blob' | 'part' | 'takeFile'> {
  const { layers } = content;
  return {
    document: async (descriptor) => {
      const bytes = await content.document(blobName(descriptor.digest));
      if (bytes === undefined) throw new Fault('corrupt', `${where} has no file ${blobName(descriptor.digest)}`);
      return checkedDocument(bytes, descriptor);
    },
    blob: (digest, size, rest) => layers.blob(digest, size, rest),
    part: ({ digest }, start, end) => layers.part(digest, start, end),
    ...(layers.takeFile === undefined ? {} : { takeFile: layers.takeFile }),
  };
}

/** The entries of index.json. Throws `corrupt` when there is no layout. */
export async function layoutEntries(content: LoadContent, where: string): Promise<JsonObject[]> {
  const bytes = await content.document('index.json');
  if (bytes === undefined || (await content.document('oci-layout')) === undefined) {
    throw new Fault('corrupt', `read ${where}: it is no OCI layout, which has index.json and oci-layout`);
  }
  const entries = asArray(parseJson(bytes, 'index.json')['manifests'], 'manifests of index.json');
  if (entries.length > MOST_IMAGES) throw new Fault('corrupt', `read index.json: it has ${entries.length} entries`);
  return entries.map((entry) => asObject(entry, 'entry of index.json'));
}

function chooseEntry(entries: readonly JsonObject[], where: string, reference: string | undefined): JsonObject {
  const found = reference === undefined ? entries : entries.filter((entry) => isCalled(entry, reference));
  const [first] = found;
  const sameContent = new Set(found.map((entry) => String(entry['digest']))).size === 1;
  if (first !== undefined && (found.length === 1 || sameContent)) return first;
  const names = [...new Set(entries.flatMap(wordsFor))].join(', ') || 'none';
  if (first === undefined) {
    throw new Fault('notFound', `${where} has no image${reference === undefined ? '' : ` "${reference}"`}`, {
      hint: `Its names are: ${names}.`,
    });
  }
  throw new Fault('invalid', `${where} has several images`, { hint: `Say which, after a colon: ${names}.` });
}

/** By its annotation as it stands, by a whole name, or by digest. */
function isCalled(entry: JsonObject, reference: string): boolean {
  return wordsFor(entry).includes(reference) || `@${String(entry['digest'])}` === reference;
}

function wordsFor(entry: JsonObject): string[] {
  const annotations = asObject(entry['annotations'] ?? {}, 'annotations of index.json');
  const words = [annotations[REF_NAME], annotations[CONTAINERD_NAME]].filter((word) => typeof word === 'string');
  return [...words, ...namesOf(entry).map(familiarName)];
}
