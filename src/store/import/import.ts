import { createReadStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { digestOfStream, spoolFile } from '#store/archive/spool-file.ts';
import type { SpooledFile } from '#store/archive/spool-sink.ts';
import { untilAborted } from '#store/archive/until-aborted.ts';
import { compressionIn, unwrap } from '#store/archive/unwrap.ts';
import { digestOf, type Digest } from '#store/digest.ts';
import type { ImageRecord } from '#store/image/record.ts';
import { spooledLayers } from '#store/load/archive-content.ts';
import { headOf } from '#store/load/head.ts';
import type { StoreParts } from '#store/parts.ts';
import { parsePlatform } from '#store/platform.ts';
import { inWorkArea } from '#store/pull/in-work-area.ts';
import { installImage } from '#store/pull/install.ts';
import { describeImage, type ResolvedImage } from '#store/pull/resolve.ts';
import type { Reference } from '#store/reference.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '#store/registry/media-types.ts';

export interface ImportRequest {
  /** A root file system as a tar archive, plain or compressed with gzip or zstd. */
  archive: AsyncIterable<Uint8Array>;
  names: readonly Reference[];
  /** `config` of the image's configuration, in the format's own words. */
  config: Readonly<Record<string, unknown>>;
  comment: string;
  /** `linux/arm64`; the host's when left out. */
  platform?: string;
  signal?: AbortSignal;
}

/**
 * Makes an image of one layer out of a root file system. The layer's blob is the archive as it came. Faults: corrupt,
 * unsupported (another compression), exhausted, cancelled.
 */
export async function importImage(parts: StoreParts, request: ImportRequest): Promise<ImageRecord> {
  const { names, signal } = request;
  return inWorkArea(parts, 'import the image', async ({ owner, path }) => {
    const layer = await spoolFile(untilAborted(request.archive, signal), join(path, 'archive'));
    const image = await describe(parts, request, layer);
    const area = join(path, 'image');
    mkdirSync(area, { mode: 0o700 });
    const source = spooledLayers(() => layer);
    await installImage(parts, { image, names, source, owner, area, onProgress: () => undefined, signal });
    return made(parts, image);
  });
}

async function describe(parts: StoreParts, request: ImportRequest, layer: SpooledFile): Promise<ResolvedImage> {
  if (layer.size === 0) throw new Fault('corrupt', 'import the image: the archive is empty');
  const mediaType = OCI_LAYER[compressionIn(await headOf(layer.path))];
  const config = json(configFile(parts, request, await diffIdOf(layer)));
  const manifest = {
    config: { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length },
    layers: [{ mediaType, digest: layer.digest, size: layer.size }],
  };
  const bytes = json({ schemaVersion: 2, mediaType: OCI_MANIFEST, ...manifest });
  return describeImage({ bytes, digest: digestOf(bytes) }, manifest, config);
}

async function diffIdOf({ path }: SpooledFile): Promise<Digest> {
  let found: Digest | undefined;
  await unwrap(createReadStream(path, { highWaterMark: 1024 * 1024 }), async (chunks) => {
    found = await digestOfStream(chunks);
  });
  if (found === undefined) throw new Fault('internal', 'hash the archive');
  return found;
}

function configFile(parts: StoreParts, { platform, config, comment }: ImportRequest, diffId: Digest): object {
  const created = new Date().toISOString();
  const { os, architecture, variant } = platform === undefined ? parts.platform : parsePlatform(platform);
  return {
    created,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    os,
    config,
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, comment }],
  };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function made({ images }: StoreParts, { manifest }: ResolvedImage): ImageRecord {
  const record = images.find(manifest.config.digest);
  if (record === undefined) throw new Fault('conflict', 'the image was removed as soon as it was imported');
  return record;
}
