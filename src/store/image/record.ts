import type { Digest } from '#store/digest.ts';
import type { ImageConfig } from './config.ts';
import type { Descriptor } from './manifest.ts';

export interface ImageLayer extends Descriptor {
  /** Digest of the layer uncompressed. */
  diffId: Digest;
}

/** An image that is ready to run: its layers are unpacked. */
export interface ImageRecord {
  /** Tags in full: `docker.io/library/debian:12`. Empty when others have taken them over. */
  names: readonly string[];
  /** Names by digest in full, of the manifest or of the index that led to it: `docker.io/library/debian@sha256:...`. */
  digests: readonly string[];
  manifestDigest: Digest;
  /** The image ID. */
  configDigest: Digest;
  /** Key of the top layer's snapshot, to prepare containers on; empty for an image without layers. */
  chainId: string;
  /** When the image was made, milliseconds since 1970; 0 when it does not say. */
  created: number;
  /** Bytes of the files of all layers. */
  size: number;
  /** `linux/amd64`, `linux/arm64/v8` */
  platform: string;
  config: ImageConfig;
  layers: readonly ImageLayer[];
}
