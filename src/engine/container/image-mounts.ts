import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import type { MountPlaces, SourceKind, Stack } from '#runtime/lower/context.ts';
import type { Mount } from '#runtime/spec/spec.ts';
import { stackOf } from '#store/snapshot/trees.ts';
import type { ImageRecord } from '#store/store.ts';
import type { ContainerOptions, ImageMount } from './options.ts';

const FIELD = '--mount';

/** Options whose images are named by their ids: names move. Nothing is pulled. Throws `notFound`. */
export function withImageIds(engine: Engine, options: ContainerOptions): ContainerOptions {
  if (options.images === undefined) return options;
  const images = options.images.map((wish) => {
    const image = found(engine, wish);
    stackFor(engine, image, wish);
    return { ...wish, id: image.configDigest };
  });
  return { ...options, images };
}

/** Holds the images for a container, in the transaction that makes its record. */
export function claimImages(
  { database }: Pick<Engine, 'database'>,
  container: string,
  options: ContainerOptions,
): void {
  for (const { name, id = '' } of options.images ?? []) {
    if (database.get('SELECT 1 FROM image WHERE id = ?', id) === undefined)
      throw new Fault('notFound', `create container: the image ${name} has just been removed`, { field: FIELD });
    database.run('INSERT OR IGNORE INTO image_use (image, container) VALUES (?, ?)', id, container);
  }
}

/** In the specification an image is an overlay; how its layers are found is said beside. */
export const imageMount = ({ destination }: ImageMount): Mount => ({
  destination,
  type: 'overlay',
  source: 'overlay',
  options: ['ro', 'nodev'],
});

export function imageStacks(engine: Engine, { images = [] }: ContainerOptions): Pick<MountPlaces, 'stacks'> {
  if (images.length === 0) return {};
  return { stacks: new Map(images.map((wish) => [wish.destination, stackFor(engine, found(engine, wish), wish)])) };
}

function found(engine: Engine, { id, name }: ImageMount): ImageRecord {
  const image = engine.store.images.find(id ?? name);
  if (image !== undefined) return image;
  throw new Fault('notFound', `No such image: ${name}`, { field: FIELD, hint: `sampan pull ${name} fetches it.` });
}

function stackFor({ store }: Engine, { chainId }: ImageRecord, { name, subpath }: ImageMount): Stack {
  if (chainId === '') throw new Fault('unsupported', `mount image ${name}: it has no layers`, { field: FIELD });
  if (!store.snapshots.has(chainId)) {
    throw new Fault('notFound', `mount image ${name}: it is not unpacked for this snapshotter`, {
      field: FIELD,
      hint: `sampan pull ${name} unpacks it.`,
    });
  }
  const stack = stackOf(store.snapshots.mounts(chainId));
  if (subpath === undefined) return { ...stack, kind: 'directory' };
  const kind = kindIn(stack, subpath);
  if (kind === undefined)
    throw new Fault('notFound', `mount image ${name}: there is no ${subpath} in it`, { field: FIELD });
  return { ...stack, path: subpath, kind };
}

/** What the topmost layer that has it says; behind a link it is taken for a directory, and the kernel has the last word. */
function kindIn({ base, layers }: Pick<Stack, 'base' | 'layers'>, path: string): SourceKind | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  for (let length = 1; length <= parts.length; length += 1) {
    const stats = layers.map((layer) =>
      lstatSync(join(base, layer, ...parts.slice(0, length)), { throwIfNoEntry: false }),
    );
    const stat = stats.find((one) => one !== undefined);
    if (stat === undefined || stat.isCharacterDevice()) return undefined;
    if (stat.isSymbolicLink()) return 'directory';
    if (!stat.isDirectory()) return length === parts.length ? 'file' : undefined;
  }
  return 'directory';
}
