import type { Copied, CopyContentOptions } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { registryOr, type PlaceAccess } from '#engine/image/content-place.ts';
import { removeRecords } from '#engine/image/remove.ts';
import { findList } from './list.ts';

export interface PushListRequest {
  access: PlaceAccess;
  /** The images that the index leads to as well. */
  all: boolean;
  /** Remove the index here once it is there. */
  purge: boolean;
  format?: 'oci' | 'v2s2';
  signal: AbortSignal;
  onProgress?: NonNullable<CopyContentOptions['onProgress']>;
}

/** Sends an index to where it is to be, by its own name when no other is said. */
export async function pushList(
  engine: Engine,
  name: string,
  destination: string | undefined,
  { access, all, purge, ...options }: PushListRequest,
): Promise<Copied> {
  findList(engine, name);
  // A bare name is a registry's here, since the index is in the store already.
  const target = registryOr(destination ?? name, access);
  await engine.store.reconcile();
  const pushed = await engine.store.copy({ kind: 'store', name, content: 'index' }, target, {
    ...options,
    which: all ? 'all' : 'index-only',
  });
  if (purge) {
    engine.database.durably(() => removeRecords(engine, name, true));
    await engine.store.collect();
  }
  return pushed;
}
