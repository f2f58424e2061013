import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Fault } from '#base/fault.ts';
import { unpadded } from './padding.ts';
import { wholeFrames } from './zstd-frames.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Layer media types: OCI image-spec layer.md (with the deprecated ones) and Docker's image manifest v2.2. */
const MEDIA_TYPES: Record<string, Compression> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.oci.image.layer.nondistributable.v1.tar': 'none',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip': 'gzip',
};
const OUTPUT_CHUNK = { chunkSize: 512 * 1024 };
const MAGIC_SIZE = 4;

/** Throws `unsupported` for a media type that is no layer's. */
export function compressionOf(mediaType: string): Compression {
  const compression = MEDIA_TYPES[mediaType];
  if (compression !== undefined) return compression;
  throw new Fault('unsupported', `read a layer of the media type ${JSON.stringify(mediaType)}`, {
    hint: 'Layers are tar archives, plain or compressed with gzip or zstd. An artifact that is no image cannot be run.',
    facts: { mediaType },
  });
}

/** The stream that undoes the compression; undefined when there is none. */
export function decompressor(compression: Compression): Transform | undefined {
  if (compression === 'gzip') return createGunzip(OUTPUT_CHUNK);
  return compression === 'zstd' ? createZstdDecompress(OUTPUT_CHUNK) : undefined;
}

/**
 * Hands the bytes of compressed data to `sink`; what is not compressed as it is. Padding behind gzip is left out. Throws
 * `corrupt`, or an error of the codec's for `asCorrupt`.
 */
export async function decompress(
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
  sink: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const codec = decompressor(compression);
  if (codec === undefined) return sink(source);
  return pipeline(compression === 'gzip' ? unpadded(source) : wholeFrames(source), codec, sink);
}

/** Passes `source` on; throws `corrupt` as soon as its first bytes show another compression than was promised. */
export async function* checkMagic(
  source: AsyncIterable<Uint8Array>,
  promised: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of source) {
    if (head === undefined) yield chunk;
    else if (head.length + chunk.length < MAGIC_SIZE) head = Buffer.concat([head, chunk]);
    else {
      const first: Uint8Array = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      head = undefined;
      refuseOther(first, promised);
      yield first;
    }
  }
  if (head === undefined) return;
  refuseOther(head, promised);
  if (head.length > 0) yield head;
}

/** A tar archive starts with a name, which neither magic number can be part of in practice. */
function refuseOther(head: Uint8Array, promised: Compression): void {
  const found = magicOf(head);
  if (found === promised) return;
  throw new Fault('corrupt', `decompress the layer: its media type says ${promised}, its first bytes ${found}`);
}

/** What the first four bytes say. */
export function magicOf(head: Uint8Array): Compression {
  const [a, b, c, d] = head;
  if (a === 0x1f && b === 0x8b) return 'gzip';
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd';
  // Skippable frames may come first (RFC 8878, 3.1.2).
  const skippable = a !== undefined && a >= 0x50 && a <= 0x5f && b === 0x2a && c === 0x4d && d === 0x18;
  return skippable ? 'zstd' : 'none';
}

/**
 * The codecs' own errors mean that the data is bad; others are passed on as they are. (For bytes
 * behind the last frame of zstd, Bun's pipeline ends early or is aborted; who really cancels throws a fault.)
 */
export function asCorrupt(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  if (
    error instanceof Fault ||
    typeof code !== 'string' ||
    !/^(?:Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB|ERR_STREAM_PREMATURE_CLOSE|ABORT_ERR)/.test(code)
  )
    return error;
  return new Fault('corrupt', 'decompress the layer', { cause: error });
}
