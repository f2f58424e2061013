import type { Engine } from '#engine/engine.ts';
import { noteEvent } from './log.ts';

/** Notes what happened to an image; nothing when there is none. `name` is as it was asked for. */
export function noteImage(
  { database }: Pick<Engine, 'database'>,
  action: string,
  id: string | undefined,
  name?: string,
): void {
  if (id === undefined) return;
  noteEvent(database, { type: 'image', action, actor: id, attributes: name === undefined ? {} : { name } });
}
