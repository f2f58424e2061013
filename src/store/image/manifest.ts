import { Fault } from '#base/fault.ts';
import { parseDigest, type Digest } from '#store/digest.ts';
import { fitness, formatPlatform, type Platform } from '#store/platform.ts';
import { CONFIG_TYPES, IMAGE_TYPES, INDEX_TYPES, OCI_MANIFEST, SCHEMA1_TYPES } from '#store/registry/media-types.ts';
import { asArray, asObject, asSize, asText, parseJson, type JsonObject } from './json.ts';

/** What a document says about another piece of content (image-spec descriptor.md). */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Bytes. */
  size: number;
}

export interface Manifest {
  config: Descriptor;
  /** Bottom first. */
  layers: readonly Descriptor[];
}

/** A manifest of something that is no container image (image-spec manifest.md, "Guidelines for Artifact Usage"). */
export interface Artifact extends Manifest {
  artifactType: string;
}

export interface IndexEntry extends Descriptor {
  platform: Platform | undefined;
}

export interface Index {
  manifests: readonly IndexEntry[];
}

/** As `parseContent`, and refuses what is no image. */
export function parseManifest(bytes: Uint8Array, served: string): Manifest | Index {
  const document = parseContent(bytes, served);
  if (!isArtifact(document)) return document;
  const { artifactType } = document;
  throw new Fault('unsupported', `this is no container image but an artifact: ${JSON.stringify(artifactType)}`, {
    hint: 'sampan image copy brings artifacts from place to place.',
    facts: { mediaType: artifactType },
  });
}

export function isArtifact(document: Manifest | Artifact | Index): document is Artifact {
  return 'artifactType' in document;
}

/**
 * Reads an image manifest, one of an artifact, or an index, OCI's or Docker's. The document's own mediaType must agree
 * with the one it was served as, so that one document cannot be read in two ways. Throws `corrupt` or `unsupported`.
 */
export function parseContent(bytes: Uint8Array, served: string): Manifest | Artifact | Index {
  const json = parseJson(bytes, 'manifest');
  const own = asText(json['mediaType'], "manifest's mediaType");
  if (json['schemaVersion'] === 1 || SCHEMA1_TYPES.has(served)) throw schema1();
  if (own !== undefined && isKnown(served) && own !== served) {
    throw new Fault('corrupt', `read the manifest: it was served as ${served} and says that it is ${own}`);
  }
  const mediaType = own ?? (isKnown(served) ? served : guess(json));
  if (json['manifests'] !== undefined && json['layers'] !== undefined) {
    throw new Fault('corrupt', 'read the manifest: it is an index and an image at once');
  }
  if (INDEX_TYPES.has(mediaType)) return readIndex(json);
  if (IMAGE_TYPES.has(mediaType)) return readImage(json);
  throw new Fault('unsupported', `read a manifest of the media type ${JSON.stringify(mediaType)}`, {
    facts: { mediaType },
  });
}

/** What a manifest without a media type of its own may be called: only OCI's may lack it. */
export function ownMediaType(bytes: Uint8Array): string {
  return asText(parseJson(bytes, 'manifest')['mediaType'], "manifest's mediaType") ?? OCI_MANIFEST;
}

export function isIndex(document: Manifest | Artifact | Index): document is Index {
  return 'manifests' in document;
}

/** The entry of an index that runs best on `wanted`. Throws `unsupported` with the platforms there are. */
export function selectPlatform(index: Index, wanted: Platform): Descriptor {
  let best: { descriptor: Descriptor; fitness: number } | undefined;
  for (const descriptor of index.manifests) {
    const level = descriptor.platform === undefined ? undefined : fitness(wanted, descriptor.platform);
    if (level !== undefined && (best === undefined || level > best.fitness)) best = { descriptor, fitness: level };
  }
  if (best !== undefined) return best.descriptor;
  const offered = index.manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown' ? [] : [formatPlatform(platform)],
  );
  const list = offered.length === 0 ? 'none' : [...new Set(offered)].join(', ');
  throw new Fault('unsupported', `no image for ${formatPlatform(wanted)}; there are: ${list}`, {
    facts: { wanted: formatPlatform(wanted), available: list },
  });
}

function isKnown(mediaType: string): boolean {
  return INDEX_TYPES.has(mediaType) || IMAGE_TYPES.has(mediaType);
}

/** Some registries serve manifests as plain JSON; the fields tell what it is. */
function guess(json: JsonObject): string {
  const [types] = json['manifests'] === undefined ? [IMAGE_TYPES] : [INDEX_TYPES];
  const [first = ''] = types;
  return first;
}

function schema1(): Fault {
  return new Fault('unsupported', "read a manifest in Docker's schema 1, which was given up in 2017", {
    hint: 'Push the image again with a current tool.',
  });
}

function readImage(json: JsonObject): Manifest | Artifact {
  const config = readDescriptor(json['config'], "manifest's config");
  const layers = asArray(json['layers'], "manifest's layers").map((layer) => readDescriptor(layer, "manifest's layer"));
  if (CONFIG_TYPES.has(config.mediaType)) return { config, layers };
  return { config, layers, artifactType: asText(json['artifactType'], 'artifactType') ?? config.mediaType };
}

function readIndex(json: JsonObject): Index {
  const manifests = asArray(json['manifests'], "index's manifests").map((item) => ({
    ...readDescriptor(item, "index's entry"),
    platform: readPlatform(asObject(item, "index's entry")['platform']),
  }));
  return { manifests };
}

export function readDescriptor(value: unknown, what: string): Descriptor {
  const json = asObject(value, what);
  return {
    mediaType: asText(json['mediaType'], `${what}'s mediaType`) ?? '',
    digest: parseDigest(json['digest'], `read the ${what}`, 'corrupt'),
    size: asSize(json['size'], `${what}'s size`),
  };
}

function readPlatform(value: unknown): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  const json = asObject(value, "index entry's platform");
  const variant = asText(json['variant'], "platform's variant");
  return {
    os: asText(json['os'], "platform's os") ?? '',
    architecture: asText(json['architecture'], "platform's architecture") ?? '',
    ...(variant === undefined ? {} : { variant }),
  };
}
