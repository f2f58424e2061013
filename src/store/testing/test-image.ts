import { gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf, type Digest } from '#store/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '#store/registry/media-types.ts';
import { tar, type TarItem } from './tar-writer.ts';

export interface TestLayer {
  archive: Buffer;
  blob: Buffer;
  mediaType: string;
}

export interface TestImage {
  manifest: Buffer;
  manifestDigest: Digest;
  config: Buffer;
  configDigest: Digest;
  layers: readonly TestLayer[];
  /** Everything by digest. */
  blobs: ReadonlyMap<Digest, Buffer>;
}

const LAYER = 'application/vnd.oci.image.layer.v1.tar';

export function gzipLayer(...items: readonly TarItem[]): TestLayer {
  const archive = tar(...items);
  return { archive, blob: gzipSync(archive), mediaType: `${LAYER}+gzip` };
}

export function zstdLayer(...items: readonly TarItem[]): TestLayer {
  const archive = tar(...items);
  return { archive, blob: zstdCompressSync(archive), mediaType: `${LAYER}+zstd` };
}

export function plainLayer(...items: readonly TarItem[]): TestLayer {
  const archive = tar(...items);
  return { archive, blob: archive, mediaType: LAYER };
}

export interface ImageChanges {
  config?: Record<string, unknown>;
  manifest?: Record<string, unknown>;
  /** Fields of the first layer's descriptor. */
  layer?: Record<string, unknown>;
}

/** An image for linux/amd64 of these layers; `changes` are laid over its documents. */
export function testImage(layers: readonly TestLayer[], changes: ImageChanges = {}): TestImage {
  const config = json({
    created: '2026-01-02T03:04:05Z',
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'], WorkingDir: '/srv', ExposedPorts: { '80/tcp': {} } },
    rootfs: { type: 'layers', diff_ids: layers.map(({ archive }) => digestOf(archive)) },
    ...changes.config,
  });
  const descriptors = layers.map(({ blob, mediaType }, index) => ({
    mediaType,
    digest: digestOf(blob),
    size: blob.length,
    ...(index === 0 ? changes.layer : {}),
  }));
  const configDigest = digestOf(config);
  const manifest = json({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: configDigest, size: config.length },
    layers: descriptors,
    ...changes.manifest,
  });
  const manifestDigest = digestOf(manifest);
  const blobs = new Map<Digest, Buffer>([
    [configDigest, config],
    [manifestDigest, manifest],
  ]);
  for (const { blob } of layers) blobs.set(digestOf(blob), blob);
  return { manifest, manifestDigest, config, configDigest, layers, blobs };
}

/** An index of images with their platforms. */
export function testIndex(entries: readonly { image: TestImage; platform: Record<string, string> }[]): Buffer {
  return json({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: entries.map(({ image, platform }) => ({
      mediaType: OCI_MANIFEST,
      digest: image.manifestDigest,
      size: image.manifest.length,
      platform,
    })),
  });
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
