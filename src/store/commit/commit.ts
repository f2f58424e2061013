import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { TreePair } from '#kernel/tree-packer.ts';
import type { WorkArea } from '#store/content/work-area.ts';
import { digestOf } from '#store/digest.ts';
import { asObject, parseJson, type JsonObject } from '#store/image/json.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { ImageRecord } from '#store/image/record.ts';
import { spooledLayers } from '#store/load/archive-content.ts';
import type { StoreParts } from '#store/parts.ts';
import { inWorkArea } from '#store/pull/in-work-area.ts';
import { installImage } from '#store/pull/install.ts';
import type { LayerSource } from '#store/pull/layers.ts';
import { describeImage, type ResolvedImage } from '#store/pull/resolve.ts';
import type { Reference } from '#store/reference.ts';
import { OCI_LAYER } from '#store/registry/media-types.ts';
import { stackPoint } from '#store/snapshot/trees.ts';
import { configDocument, manifestDocument, type ImageFormat } from './documents.ts';
import { writeLayer, type WrittenLayer } from './layer.ts';

export interface CommitRequest {
  /** The image that the new one stands on. */
  parent: ImageRecord;
  names: readonly Reference[];
  trees: TreePair;
  /** Paths in the tree that are left out, without a slash in front. */
  skip: readonly string[];
  /** Gives `config` of the new image, from that of the old one; both in the format's own words. */
  config: (old: JsonObject) => JsonObject;
  author: string | undefined;
  comment: string;
  createdBy: string;
  format: ImageFormat;
  /** One layer alone; `trees` then has no lower one. */
  squash: boolean;
  /** Runs the reading of the tree, perhaps while its container is held. */
  reading: <T>(read: () => Promise<T>) => Promise<T>;
  signal?: AbortSignal;
}

/**
 * Makes an image out of another one and a layer with what a container has changed. The new layer is unpacked like any
 * other, so that what runs here is what others will get. Faults: corrupt, invalid, unsupported, exhausted, cancelled.
 */
export async function commitTree(parts: StoreParts, request: CommitRequest): Promise<ImageRecord> {
  const { names, signal } = request;
  return inWorkArea(parts, 'commit the container', async (area) => {
    const { image, layer } = await makeImage(parts, request, area);
    const own = join(area.path, 'image');
    mkdirSync(own, { mode: 0o700 });
    const { owner } = area;
    const source = layerSource(layer, request.parent);
    // It is our own: that its zeros shrink well is no attack.
    const any = { base: Number.MAX_SAFE_INTEGER, ratio: 0 };
    await installImage(
      { ...parts, growth: any },
      { image, names, source, owner, area: own, onProgress: () => undefined, signal },
    );
    return made(parts, image);
  });
}

interface MadeImage {
  image: ResolvedImage;
  layer: WrittenLayer;
}

async function makeImage(parts: StoreParts, request: CommitRequest, area: WorkArea): Promise<MadeImage> {
  const { parent, trees, skip, format, squash, signal, reading } = request;
  const old = parseJson(await oldConfig(parts, parent), 'image configuration');
  const below: readonly Descriptor[] = squash ? [] : parent.layers;
  // What cannot be is said before anything is read.
  manifestDocument(format, { digest: parent.configDigest, size: 0 }, below);
  const tree = { ...trees, skip, point: stackPoint(parts.root) };
  const layer = await reading(() => writeLayer(parts.launcher, tree, join(area.path, 'layer'), signal));
  const { author, comment, createdBy } = request;
  const config = request.config(asObject(old['config'] ?? {}, 'config of the image configuration'));
  const created = new Date().toISOString();
  const { diffId } = layer;
  const configBytes = configDocument(old, { created, author, comment, createdBy, config, diffId, squash });
  const { bytes, ...manifest } = manifestDocument(format, { digest: digestOf(configBytes), size: configBytes.length }, [
    ...below,
    { mediaType: OCI_LAYER.gzip, digest: layer.digest, size: layer.size },
  ]);
  return { image: describeImage({ bytes, digest: digestOf(bytes) }, manifest, configBytes), layer };
}

async function oldConfig({ blobs }: StoreParts, { configDigest, names }: ImageRecord): Promise<Buffer> {
  return blobs.read(configDigest).catch((cause: unknown) => {
    throw lost(`read the configuration of the image ${names[0] ?? configDigest}`, cause);
  });
}

/** Of the layers below all are unpacked; one whose blob has gone cannot be in an image that others are to read. */
function layerSource(layer: WrittenLayer, parent: ImageRecord): LayerSource {
  return spooledLayers((digest) => {
    if (digest === layer.digest) return layer;
    throw lost(`read the layer ${digest} of the image ${parent.names[0] ?? parent.configDigest}`, undefined);
  });
}

function lost(doing: string, cause: unknown): Fault {
  return new Fault('corrupt', `${doing}: it has gone from the store`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'Pull that image again.',
  });
}

function made({ images }: StoreParts, { manifest }: ResolvedImage): ImageRecord {
  const record = images.find(manifest.config.digest);
  if (record === undefined) throw new Fault('conflict', 'the image was removed as soon as it was committed');
  return record;
}
