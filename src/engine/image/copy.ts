import type { Copied, CopyContentOptions } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { contentPlace, type PlaceAccess } from './content-place.ts';

export type { PlaceAccess } from './content-place.ts';
export type { Copied } from '#store/store.ts';

export interface CopyImageRequest extends CopyContentOptions {
  source: PlaceAccess;
  destination: PlaceAccess;
}

export interface CopiedImage extends Copied {
  /** Whether it went to the store, and the images there that have come of it. */
  brought: string[] | undefined;
}

/** Copies an image, an index or an artifact between any two places, such as `docker://debian:12` and `oci:DIR`. */
export async function copyImage(
  engine: Engine,
  from: string,
  to: string,
  { source, destination, ...options }: CopyImageRequest,
): Promise<CopiedImage> {
  const places = [contentPlace(from, 'source', source), contentPlace(to, 'destination', destination)] as const;
  await engine.store.reconcile();
  const copied = await engine.store.copy(...places, options);
  if (places[1].kind !== 'store') return { ...copied, brought: undefined };
  // A name of the store may have been the last of something else.
  await engine.store.collect();
  const image = engine.store.images.find(copied.digest) ?? engine.store.images.find(places[1].name);
  return { ...copied, brought: image === undefined ? [] : [image.configDigest] };
}
