import { Fault } from '#base/fault.ts';
import { compressionOf, type Compression } from '#store/archive/decompress.ts';
import type { Digest } from '#store/digest.ts';
import type { JsonObject } from '#store/image/json.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_MANIFEST,
} from '#store/registry/media-types.ts';

export type ImageFormat = 'oci' | 'docker';

/** What is new about an image that is made from another one. */
export interface NewStep {
  created: string;
  author: string | undefined;
  comment: string;
  createdBy: string;
  /** `config` of the new image. */
  config: JsonObject;
  diffId: Digest;
  /** Forget the layers below. */
  squash: boolean;
}

const FORMATS: Record<
  ImageFormat,
  { manifest: string; config: string; layer: Readonly<Partial<Record<Compression, string>>> }
> = {
  oci: { manifest: OCI_MANIFEST, config: OCI_CONFIG, layer: OCI_LAYER },
  // Docker's daemon does not read zstd.
  docker: {
    manifest: DOCKER_MANIFEST,
    config: DOCKER_CONFIG,
    layer: { none: DOCKER_LAYER.none, gzip: DOCKER_LAYER.gzip },
  },
};

/** Of the old configuration only what says for which machine it is; what Docker noted about builds is about others. */
const KEPT = ['architecture', 'variant', 'os', 'os.version', 'os.features'] as const;

/** The configuration of an image that stands on another one. */
export function configDocument(old: JsonObject, step: NewStep): Buffer {
  const { created, author, comment, createdBy, config, diffId, squash } = step;
  const rootfs = old['rootfs'] as { diff_ids: readonly string[] };
  const history = Array.isArray(old['history']) && !squash ? (old['history'] as readonly unknown[]) : [];
  const entry = {
    created,
    ...(createdBy === '' ? {} : { created_by: createdBy }),
    ...(author === undefined ? {} : { author }),
    ...(comment === '' ? {} : { comment }),
  };
  return json({
    created,
    ...(author === undefined ? {} : { author }),
    ...Object.fromEntries(KEPT.flatMap((key) => (old[key] === undefined ? [] : [[key, old[key]]]))),
    config,
    rootfs: { type: 'layers', diff_ids: [...(squash ? [] : rootfs.diff_ids), diffId] },
    history: [...history, entry],
  });
}

/** The manifest; layers keep their bytes and get the format's own names. */
export function manifestDocument(
  format: ImageFormat,
  config: Pick<Descriptor, 'digest' | 'size'>,
  layers: readonly Descriptor[],
): { bytes: Buffer; config: Descriptor; layers: Descriptor[] } {
  const types = FORMATS[format];
  const parts = {
    config: { mediaType: types.config, digest: config.digest, size: config.size },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType: layerType(format, mediaType), digest, size })),
  };
  return { bytes: json({ schemaVersion: 2, mediaType: types.manifest, ...parts }), ...parts };
}

function layerType(format: ImageFormat, mediaType: string): string {
  const compression = compressionOf(mediaType);
  const type = FORMATS[format].layer[compression];
  if (type !== undefined) return type;
  throw new Fault('unsupported', `commit as a ${format} image: a layer below is compressed with ${compression}`, {
    field: '--format',
    hint: 'That format has no word for it; take --format oci, or --squash.',
  });
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
