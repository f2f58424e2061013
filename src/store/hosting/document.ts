import { isFault } from '#base/fault.ts';
import { parseDigest, type Digest } from '#store/digest.ts';
import { asArray, asObject, asSize, asText, parseJson, type JsonObject } from '#store/image/json.ts';
import { IMAGE_TYPES, INDEX_TYPES, NOT_DISTRIBUTABLE } from '#store/registry/media-types.ts';
import { refusal } from './refusal.ts';

/** What a manifest says, as far as a registry has to know. */
export interface HostedDocument {
  mediaType: string;
  /** Content that must be there, too. */
  blobs: ReadonlySet<Digest>;
  manifests: ReadonlySet<Digest>;
  subject?: Digest;
  artifactType?: string;
  annotations?: Readonly<Record<string, string>>;
}

/** Reads an image manifest or an index, OCI's or Docker's schema 2. Throws MANIFEST_INVALID. */
export function readDocument(bytes: Buffer, sentAs: string | undefined): HostedDocument {
  try {
    const json = parseJson(bytes, 'manifest');
    const mediaType = mediaTypeOf(json, sentAs);
    if (json['schemaVersion'] !== 2) throw refusal('MANIFEST_INVALID', 'its schemaVersion is not 2');
    const parts = INDEX_TYPES.has(mediaType) ? readIndex(json) : readImage(json);
    const subject = json['subject'] === undefined ? undefined : descriptor(json['subject'], 'subject').digest;
    return {
      mediaType,
      ...parts,
      ...(subject === undefined ? {} : { subject }),
      ...(json['annotations'] === undefined ? {} : { annotations: readAnnotations(json['annotations']) }),
    };
  } catch (error) {
    if (isFault(error, 'corrupt')) throw refusal('MANIFEST_INVALID', error.message);
    throw error;
  }
}

/** The document's own word and the sender's must agree, so that one document is never read in two ways. */
function mediaTypeOf(json: JsonObject, sentAs: string | undefined): string {
  const own = asText(json['mediaType'], "manifest's mediaType");
  const mediaType = sentAs ?? own ?? '';
  if (own !== undefined && own !== mediaType) {
    throw refusal('MANIFEST_INVALID', `it was sent as ${mediaType} and says that it is ${own}`);
  }
  if (IMAGE_TYPES.has(mediaType) || INDEX_TYPES.has(mediaType)) return mediaType;
  throw refusal('MANIFEST_INVALID', `${JSON.stringify(mediaType)} is no media type of a manifest or an index`);
}

type Parts = Pick<HostedDocument, 'blobs' | 'manifests' | 'artifactType'>;

function readImage(json: JsonObject): Parts {
  if (json['manifests'] !== undefined) throw refusal('MANIFEST_INVALID', 'it is an image and an index at once');
  const config = descriptor(json['config'], 'config');
  const layers = asArray(json['layers'] ?? [], "manifest's layers").map((layer) => descriptor(layer, 'layer'));
  // Layers that registries may not hand out stay where their `urls` say.
  const kept = [config, ...layers.filter(({ mediaType }) => !NOT_DISTRIBUTABLE.test(mediaType))];
  const artifactType = asText(json['artifactType'], "manifest's artifactType") ?? config.mediaType;
  return {
    blobs: new Set(kept.map(({ digest }) => digest)),
    manifests: new Set(),
    ...(artifactType === '' ? {} : { artifactType }),
  };
}

function readIndex(json: JsonObject): Parts {
  if (json['layers'] !== undefined) throw refusal('MANIFEST_INVALID', 'it is an image and an index at once');
  const entries = asArray(json['manifests'], "index's manifests").map((entry) => descriptor(entry, 'entry'));
  const artifactType = asText(json['artifactType'], "index's artifactType");
  return {
    blobs: new Set(),
    manifests: new Set(entries.map(({ digest }) => digest)),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}

function descriptor(value: unknown, what: string): { mediaType: string; digest: Digest } {
  const json = asObject(value, `manifest's ${what}`);
  asSize(json['size'], `${what}'s size`);
  return {
    mediaType: asText(json['mediaType'], `${what}'s mediaType`) ?? '',
    digest: parseDigest(json['digest'], `read the manifest's ${what}`, 'corrupt'),
  };
}

function readAnnotations(value: unknown): Record<string, string> {
  const entries = Object.entries(asObject(value, "manifest's annotations"));
  if (entries.every(([, text]) => typeof text === 'string'))
    return Object.fromEntries(entries) as Record<string, string>;
  throw refusal('MANIFEST_INVALID', 'one of its annotations is not a text');
}
