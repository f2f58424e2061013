import { readFileSync } from 'node:fs';
import { familiarName, parseReference } from '#store/reference.ts';
import { formatPlatform } from '#store/platform.ts';
import { imageUses } from '#store/image/use.ts';
import type { ImageConfig, ImageRecord, IndexRecord } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';

/** An image as the field's tools expect to read it; undefined when there is none of this name. */
export function inspectImage(engine: Engine, name: string): Record<string, unknown> | undefined {
  const { images, indexes } = engine.store;
  const image = images.find(name);
  if (image !== undefined) return fields(engine, image);
  const index = indexes.find(name);
  return index === undefined ? undefined : indexFields(index);
}

/** Of an index none of whose images is unpacked for this machine, or of an artifact. */
function indexFields({ id, mediaType, names, digests, members, size, created }: IndexRecord): Record<string, unknown> {
  return {
    Id: id,
    RepoTags: names.map(shown),
    RepoDigests: digests.map(shown),
    Created: new Date(created).toISOString(),
    Size: size,
    Descriptor: { mediaType, digest: id },
    Manifests: members.map(({ digest, platform }) => ({ Digest: digest, Platform: formatPlatform(platform) })),
  };
}

const shown = (name: string): string => familiarName(parseReference(name));

function fields(engine: Engine, image: ImageRecord): Record<string, unknown> {
  const [os, architecture, variant] = image.platform.split('/');
  const { author, comment, history, config } = document(engine, image);
  const use = imageUses(engine.database).get(image.configDigest);
  return {
    Id: image.configDigest,
    RepoTags: image.names.map(shown),
    RepoDigests: image.digests.map(shown),
    Parent: '',
    Comment: textOf(comment) || textOf(lastOf(history)['comment']),
    Created: image.created === 0 ? '' : new Date(image.created).toISOString(),
    DockerVersion: '',
    Author: textOf(author),
    Config: config ?? configFields(image.config),
    Architecture: architecture,
    ...(variant === undefined ? {} : { Variant: variant }),
    Os: os,
    Size: image.size,
    GraphDriver: { Name: engine.store.snapshots.driver, Data: null },
    RootFS: { Type: 'layers', Layers: image.layers.map((layer) => layer.diffId) },
    Metadata: { LastUsedTime: new Date(use?.used ?? 0).toISOString(), Pinned: use?.pinned ?? false },
    Descriptor: { digest: image.manifestDigest },
  };
}

interface ConfigDocument {
  author?: unknown;
  comment?: unknown;
  history?: unknown;
  config?: unknown;
}

/**
 * The image's configuration as it was pulled, which has more than what running it takes. Without it, the record says
 * what it can. (`image verify` is for whoever doubts the file.)
 */
function document({ root }: Engine, { configDigest }: ImageRecord): ConfigDocument {
  try {
    return JSON.parse(readFileSync(`${root}/blobs/${configDigest.replace(':', '/')}`, 'utf8')) as ConfigDocument;
  } catch {
    return {};
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function lastOf(list: unknown): Record<string, unknown> {
  const last: unknown = Array.isArray(list) ? list.at(-1) : undefined;
  return typeof last === 'object' && last !== null ? (last as Record<string, unknown>) : {};
}

/** Sets are objects with empty values in the format's own words. */
function configFields({ ExposedPorts, Volumes, ...rest }: ImageConfig): Record<string, unknown> {
  const set = (keys: readonly string[]): Record<string, object> => Object.fromEntries(keys.map((key) => [key, {}]));
  return {
    ...rest,
    ...(ExposedPorts === undefined ? {} : { ExposedPorts: set(ExposedPorts) }),
    ...(Volumes === undefined ? {} : { Volumes: set(Volumes) }),
  };
}
