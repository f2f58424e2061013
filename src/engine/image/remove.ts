import { Fault } from '#base/fault.ts';
import { imageMounts } from '#store/image/mounts.ts';
import { familiarName, parseReference } from '#store/reference.ts';
import type { RemovedImage } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { noteImage } from '#engine/event/image.ts';
import { keptImages } from './keep.ts';

export interface ImageRemoval {
  /** As people write them. */
  untagged: string[];
  /** ID of the image when it went with its last name. */
  deleted: string | undefined;
}

/**
 * Takes a name from an image, or the whole image when it is named by its id or by its last name; then what nobody needs
 * any more is cleared. While a container is made from it, or it is mounted, its last name goes only with `force`, and the image stays.
 */
export async function removeImage(engine: Engine, nameOrId: string, force: boolean): Promise<ImageRemoval> {
  await engine.store.reconcile();
  const removal = engine.database.durably(() => {
    imageMounts(engine.database).settle();
    return removeRecords(engine, nameOrId, force);
  });
  await engine.store.collect();
  return removal;
}

/** The records alone, inside a transaction of the caller's. `spared` are not taken along with an index. */
export function removeRecords(
  engine: Engine,
  nameOrId: string,
  force: boolean,
  spared: readonly string[] = [],
): ImageRemoval {
  const { images } = engine.store;
  const id = images.find(nameOrId)?.configDigest;
  const user = id === undefined ? undefined : engine.containers.usingImage(id)[0];
  const mount = id === undefined ? undefined : imageMounts(engine.database).find(id);
  const removed = images.remove(nameOrId, { force, keep: user !== undefined || mount !== undefined });
  if (user !== undefined && needsAll(removed, force)) {
    throw new Fault(
      'conflict',
      `remove image ${nameOrId}: container ${user.name} (${user.id.slice(0, 12)}) ${user.imageId === id ? 'is made from it' : 'has it mounted'}`,
      { hint: `Remove the container first: sampan rm ${user.name}.` },
    );
  }
  for (const name of removed.untagged) noteImage(engine, 'untag', id, familiarName(parseReference(name)));
  if (removed.deleted !== undefined) noteImage(engine, 'delete', removed.deleted);
  if (mount !== undefined && needsAll(removed, force)) {
    throw new Fault('conflict', `remove image ${nameOrId}: it is mounted at ${mount.path}`, {
      hint: `Unmount it first: sampan image unmount ${nameOrId}.`,
    });
  }
  if (removed.deleted !== undefined) forgetAccounts(engine, removed.deleted);
  for (const left of removed.left) {
    if (spared.includes(left) || isWanted(engine, left)) continue;
    images.remove(left, { force: true });
    forgetAccounts(engine, left);
    noteImage(engine, 'delete', left);
  }
  return {
    untagged: removed.untagged.map((name) => familiarName(parseReference(name))),
    deleted: removed.deleted,
  };
}

/** Something is made from it, or the user has asked to keep it. */
function isWanted(engine: Engine, id: string): boolean {
  if (engine.containers.usingImage(id).length > 0) return true;
  const image = engine.store.images.find(id);
  if (image === undefined) return false;
  return imageMounts(engine.database).find(image.configDigest) !== undefined || keptImages(engine)(image);
}

function forgetAccounts(engine: Engine, imageId: string): void {
  engine.database.run('DELETE FROM accounts WHERE image_id = ?', imageId);
}

function needsAll({ last }: RemovedImage, force: boolean): boolean {
  return last === 'id' || (last === 'name' && !force);
}
