import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';

/**
 * Takes a name from an image, or the whole image when it is named by its id or by its last name; then what nobody needs
 * any more is cleared. Refused while a container is made from it, unless `force` and another name keeps the image.
 */
export async function removeImage(
  engine: Engine,
  nameOrId: string,
  force: boolean,
): Promise<{ untagged: string[]; deleted: string | undefined }> {
  const image = engine.store.images.find(nameOrId);
  if (image === undefined)
    throw new Fault('notFound', `No such image: ${nameOrId}`, { hint: 'sampan images lists the images there are.' });
  const users = engine.containers.usingImage(image.configDigest);
  const first = users[0];
  const lastName =
    image.names.length <= 1 || nameOrId.startsWith('sha256:') || image.configDigest.slice(7).startsWith(nameOrId);
  if (first !== undefined && lastName) {
    throw new Fault(
      'conflict',
      `remove image ${nameOrId}: container ${first.name} (${first.id.slice(0, 12)}) is made from it`,
      {
        hint: `Remove the container first: sampan rm ${first.name}.`,
      },
    );
  }
  const result = engine.store.images.remove(nameOrId, { force });
  if (result.deleted !== undefined)
    engine.database.prepare('DELETE FROM accounts WHERE image_id = ?').run(image.configDigest);
  await engine.store.collect();
  return result;
}
