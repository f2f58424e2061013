/** One image in memory: the blobs, and what refers to them. Written to a layout or pushed to a registry. */
import { createHash } from 'node:crypto';

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { architecture: string; os: string };
  annotations?: Record<string, string>;
}

/** The `config` object of an image: what a container gets when nothing else is asked for. */
export interface ImageDefaults {
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  User?: string;
  WorkingDir?: string;
  Labels?: Record<string, string>;
  ExposedPorts?: Record<string, object>;
  Volumes?: Record<string, object>;
  StopSignal?: string;
  Healthcheck?: Record<string, unknown>;
  Shell?: string[];
}

export interface Layer {
  /** The tar file packed, as it travels. */
  packed: Uint8Array;
  /** sha256 of the tar file itself. */
  diffId: string;
  mediaType?: string;
}

export interface OciImage {
  /** Digest to content: layers and the config. */
  blobs: ReadonlyMap<string, Uint8Array>;
  manifest: Uint8Array;
  manifestDescriptor: Descriptor;
}

export const MEDIA = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const descriptor = (mediaType: string, bytes: Uint8Array): Descriptor => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
});

/** This machine's architecture in the words of images. */
export const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

/** Puts layers and defaults together. The result depends on nothing else: same input, same digests. */
export function makeImage(
  layers: readonly Layer[],
  defaults: ImageDefaults,
  architecture: string = ARCHITECTURE,
): OciImage {
  const config = json({
    created: '2024-01-01T00:00:00Z',
    architecture,
    os: 'linux',
    config: defaults,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map(() => ({ created: '2024-01-01T00:00:00Z', created_by: 'sampan tools/image' })),
  });
  const blobs = new Map([config, ...layers.map((layer) => layer.packed)].map((bytes) => [sha256(bytes), bytes]));
  const manifest = json({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: descriptor(MEDIA.config, config),
    layers: layers.map((layer) => descriptor(layer.mediaType ?? MEDIA.layerGzip, layer.packed)),
  });
  const manifestDescriptor = { ...descriptor(MEDIA.manifest, manifest), platform: { architecture, os: 'linux' } };
  return { blobs, manifest, manifestDescriptor };
}

/** An index over images of several platforms. */
export const makeIndex = (images: readonly OciImage[]): Uint8Array =>
  json({ schemaVersion: 2, mediaType: MEDIA.index, manifests: images.map((image) => image.manifestDescriptor) });
