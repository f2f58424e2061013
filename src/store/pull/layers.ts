import { compressionOf, type Compression } from '#store/archive/decompress.ts';
import { chainIds, type Digest } from '#store/digest.ts';
import type { ConfigFile } from '#store/image/config.ts';
import type { Descriptor, Manifest } from '#store/image/manifest.ts';
import type { BlobRest } from '#store/registry/client.ts';

/** How far a layer may grow when it is decompressed: `base + ratio * compressed size` bytes. */
export interface GrowthLimit {
  base: number;
  ratio: number;
}

export interface LayerJob {
  descriptor: Descriptor;
  compression: Compression;
  diffId: Digest;
  chainId: string;
  parent: string | undefined;
}

/** Where layers come from: a registry, an archive, a directory. */
export interface LayerSource {
  /** Bytes as they come, all or the rest; whoever reads them verifies them. */
  blob(digest: Digest, size: number, rest?: BlobRest): AsyncIterable<Uint8Array>;
  /** A file with the bytes in this process's own work area, handed out once, to be kept instead of a copy. */
  takeFile?(digest: Digest): string | undefined;
}

/** The layers of an image, bottom first. Throws `unsupported` for media types that are no layer's. */
export function layerJobs({ manifest, config }: { manifest: Manifest; config: ConfigFile }): LayerJob[] {
  const chain = chainIds(config.diffIds);
  return manifest.layers.map((descriptor, index) => ({
    descriptor,
    compression: compressionOf(descriptor.mediaType),
    diffId: config.diffIds[index] as Digest,
    chainId: chain[index] as string,
    parent: chain[index - 1],
  }));
}

/** Under which layers and their blobs are leased. */
export function keysOf(jobs: readonly LayerJob[]): string[] {
  return jobs.flatMap(({ chainId, descriptor }) => [chainId, descriptor.digest]);
}
