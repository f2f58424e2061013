import type { Copied, CopyContentOptions } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { contentPlace, type PlaceAccess } from './content-place.ts';

export type { PlaceAccess } from './content-place.ts';
export type { Copied } from '#store/store.ts';

export interface CopyImageRequest extends CopyContentOptions {
  source: PlaceAccess;
  destination: PlaceAccess;
}

/** Copies an image, an index or an artifact between any two places, such as `docker://debian:12` and `oci:DIR`. */
export async function copyImage(
  engine: Engine,
  from: string,
  to: string,
  { source, destination, ...options }: CopyImageRequest,
): Promise<Copied> {
  const places = [contentPlace(from, 'source', source), contentPlace(to, 'destination', destination)] as const;
  await engine.store.reconcile();
  const copied = await engine.store.copy(...places, options);
  // A name of the store may have been the last of something else.
  if (places[1].kind === 'store') await engine.store.collect();
  return copied;
}
