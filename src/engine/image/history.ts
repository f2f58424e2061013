import { Fault } from '#base/fault.ts';
import type { HistoryStep, ImageRecord } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';

export type { HistoryStep } from '#store/store.ts';

/** How an image was made, newest step first. Throws `notFound`. */
export async function imageHistory(
  engine: Engine,
  name: string,
): Promise<{ image: ImageRecord; steps: HistoryStep[] }> {
  const image = findImage(engine, name);
  return { image, steps: await engine.store.history(image) };
}

/** Throws `notFound`. */
export function findImage(engine: Engine, name: string): ImageRecord {
  const image = engine.store.images.find(name);
  if (image !== undefined) return image;
  if (engine.store.indexes.find(name) !== undefined) throw onlyIndex(name);
  throw new Fault('notFound', `No such image: ${name}`, { hint: 'sampan images lists the images there are.' });
}

/** A name that means images of several platforms, or an artifact, where one unpacked image is needed. */
export function onlyIndex(name: string): Fault {
  return new Fault(
    'conflict',
    `${name} is a manifest list or an artifact, and no image of it is unpacked for this machine`,
    {
      hint: 'See sampan manifest inspect; push, save and image copy take it whole with --all-platforms or --all.',
    },
  );
}
