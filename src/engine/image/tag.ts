import { Fault } from '#base/fault.ts';
import { parseReference } from '#store/reference.ts';
import type { Engine } from '#engine/engine.ts';
import { noteImage } from '#engine/event/image.ts';

/** Gives a further name to an image; a name that another image had moves. */
export function tagImage(engine: Engine, name: string, target: string): void {
  const reference = parseReference(target);
  if (reference.digest !== undefined) {
    throw new Fault('invalid', `tag ${name} as ${target}: a digest cannot be given, it follows from the content`, {
      field: 'TARGET_IMAGE',
    });
  }
  engine.database.durably(() => {
    engine.store.images.tag(name, reference);
    noteImage(engine, 'tag', engine.store.images.find(target)?.configDigest, target);
  });
}

/** Takes names from an image, all of them when none is given; the image stays, by its ID. */
export function untagImage(engine: Engine, name: string, targets: readonly string[]): void {
  engine.database.durably(() => {
    const id = engine.store.images.find(name)?.configDigest;
    engine.store.images.untag(name, targets);
    for (const target of targets.length > 0 ? targets : [name]) noteImage(engine, 'untag', id, target);
  });
}
