import type { Digest } from '#store/digest.ts';
import { familiarName, formatReference, type Reference } from '#store/reference.ts';
import { parsePlatform } from '#store/platform.ts';
import { OCI_INDEX } from '#store/registry/media-types.ts';
import type { ChosenImage } from './choose.ts';

/** A manifest as the index speaks of it. */
export interface SavedManifest extends ChosenImage {
  mediaType: string;
  size: number;
}

export const LAYOUT_FILE = 'oci-layout';
export const layoutDocument = (): Buffer => json({ imageLayoutVersion: '1.0.0' });

/** `index.json`: an entry for each name of each image, one without for an image that has none. */
export function indexDocument(manifests: readonly SavedManifest[]): Buffer {
  const count = manifests.reduce((sum, { names }) => sum + names.length, 0);
  const entries = manifests.flatMap((manifest) => {
    const names: (Reference | undefined)[] = manifest.names.length === 0 ? [undefined] : manifest.names;
    return names.map((name) => entryOf(manifest, name, count > 1));
  });
  return json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries });
}

/**
 * The annotations are the ones that containerd, docker, podman and skopeo look for. A bare tag is what the last of them
 * expects; among several names only whole ones tell them apart.
 */
function entryOf(manifest: SavedManifest, name: Reference | undefined, several: boolean): object {
  const { image, mediaType, size } = manifest;
  const { os, architecture, variant } = parsePlatform(image.platform);
  const full = name === undefined ? '' : formatReference(name);
  return {
    mediaType,
    digest: image.manifestDigest,
    size,
    ...(name === undefined
      ? {}
      : {
          annotations: {
            'io.containerd.image.name': full,
            'org.opencontainers.image.ref.name': several ? full : (name.tag ?? full),
          },
        }),
    platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
  };
}

/** `manifest.json` of docker-archive, over the same blobs. */
export function dockerDocument(images: readonly ChosenImage[], pathOf: (digest: Digest) => string): Buffer {
  return json(
    images.map(({ image, names }) => ({
      Config: pathOf(image.configDigest),
      RepoTags: names.length === 0 ? null : names.map(familiarName),
      Layers: image.layers.map(({ digest }) => pathOf(digest)),
    })),
  );
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
