import { familiarName, parseReference } from '#store/reference.ts';
import { formatPlatform } from '#store/platform.ts';
import type { ImageConfig, ImageRecord, IndexRecord } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';

/** An image as the field's tools expect to read it; undefined when there is none of this name. */
export function inspectImage(engine: Engine, name: string): Record<string, unknown> | undefined {
  const { images, indexes, snapshots } = engine.store;
  const image = images.find(name);
  if (image !== undefined) return fields(image, snapshots.driver);
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

function fields(image: ImageRecord, driver: string): Record<string, unknown> {
  const [os, architecture, variant] = image.platform.split('/');
  return {
    Id: image.configDigest,
    RepoTags: image.names.map(shown),
    RepoDigests: image.digests.map(shown),
    Created: image.created === 0 ? '' : new Date(image.created).toISOString(),
    Config: configFields(image.config),
    Architecture: architecture,
    ...(variant === undefined ? {} : { Variant: variant }),
    Os: os,
    Size: image.size,
    GraphDriver: { Name: driver, Data: null },
    RootFS: { Type: 'layers', Layers: image.layers.map((layer) => layer.diffId) },
    Descriptor: { digest: image.manifestDigest },
  };
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
