import { Fault } from '#base/fault.ts';
import { digestLike } from '#store/digest.ts';
import { asArray, asObject, asText, parseJson, type JsonObject } from '#store/image/json.ts';
import { isIndex, parseManifest, readDescriptor, selectPlatform, type Descriptor } from '#store/image/manifest.ts';
import type { Platform } from '#store/platform.ts';
import { describeImage, type ResolvedImage } from '#store/pull/resolve.ts';
import { parseReference, type Reference } from '#store/reference.ts';
import { blobName, type FoundImage, type LoadContent } from './content.ts';

export const MOST_IMAGES = 1000;
const DEEPEST = 4;
/** Where containerd and docker write a whole name, and where podman, skopeo and umoci write a whole name or a tag. */
export const CONTAINERD_NAME = 'io.containerd.image.name';
export const REF_NAME = 'org.opencontainers.image.ref.name';

/** The images of an OCI layout (image-spec image-layout.md); undefined when it is none. */
export async function readOciLayout(content: LoadContent, wanted: Platform): Promise<FoundImage[] | undefined> {
  const bytes = await content.document('index.json');
  if (bytes === undefined || (await content.document('oci-layout')) === undefined) return undefined;
  const entries = asArray(parseJson(bytes, 'index.json')['manifests'], 'manifests of index.json');
  if (entries.length > MOST_IMAGES) throw new Fault('corrupt', `read index.json: it has ${entries.length} entries`);
  const found = new Map<string, FoundImage & { names: Reference[] }>();
  for (const entry of entries) {
    const json = asObject(entry, 'entry of index.json');
    const descriptor = readDescriptor(json, 'entry of index.json');
    const names = namesOf(json);
    const known = found.get(descriptor.digest);
    if (known !== undefined) known.names.push(...names);
    else if (isImage(json)) {
      const image = await resolveEntry(content, descriptor, wanted, DEEPEST);
      found.set(descriptor.digest, { image, names, source: content.layers });
    }
  }
  return [...found.values()];
}

/** Attestations and other artifacts lie beside the images that they speak of. */
function isImage(entry: JsonObject): boolean {
  const annotations = asObject(entry['annotations'] ?? {}, 'annotations of index.json');
  return entry['artifactType'] === undefined && annotations['vnd.docker.reference.type'] === undefined;
}

/**
 * A whole name in the specification's own annotation counts. A bare tag has no repository: that comes from containerd's
 * name, unless it speaks of another tag because a tool has copied it along with the rest.
 */
export function namesOf(entry: JsonObject): Reference[] {
  const annotations = asObject(entry['annotations'] ?? {}, 'annotations of index.json');
  const text = (key: string): string | undefined => asText(annotations[key], `annotation ${key}`);
  const ref = text(REF_NAME);
  const whole = ref !== undefined && /[/:]/.test(ref) ? parsed(ref) : undefined;
  const name = whole ?? parsed(text(CONTAINERD_NAME) ?? '');
  if (name === undefined || name.digest !== undefined) return [];
  return whole === undefined && ref !== undefined && ref !== name.tag ? [] : [name];
}

/** The specification allows words there that are no name of ours. */
function parsed(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}

async function resolveEntry(
  content: LoadContent,
  descriptor: Descriptor,
  wanted: Platform,
  depth: number,
): Promise<ResolvedImage> {
  const bytes = await verifiedDocument(content, descriptor);
  const document = parseManifest(bytes, descriptor.mediaType);
  if (!isIndex(document)) {
    const config = await verifiedDocument(content, document.config);
    return describeImage({ bytes, digest: descriptor.digest }, document, config);
  }
  if (depth === 0) throw new Fault('corrupt', 'read index.json: indexes lie too deep within each other');
  return resolveEntry(content, selectPlatform(document, wanted), wanted, depth - 1);
}

async function verifiedDocument(content: LoadContent, { digest, size }: Descriptor): Promise<Buffer> {
  const bytes = await content.document(blobName(digest));
  if (bytes === undefined) throw new Fault('corrupt', `the layout has no file ${blobName(digest)}`);
  if (bytes.length === size && digestLike(digest, bytes) === digest) return bytes;
  throw new Fault('corrupt', `verify ${blobName(digest)}: its content is not what the digest says`, {
    facts: { digest },
  });
}
