import { openBlobs } from '#store/content/blobs.ts';
import { openTrash } from '#store/content/trash.ts';
import { storeView } from '#store/hosting/store-view.ts';
import { openLeases } from '#store/leases.ts';
import type { Engine } from '#engine/engine.ts';
import type { Hosting } from './hosting.ts';

/** The engine's store, for neighbours to read. */
export function hostStore({ root, database, launcher }: Engine): Hosting {
  const blobs = openBlobs(root, database, openTrash(root, launcher));
  return storeView({ database, blobs, leases: openLeases(database) });
}
