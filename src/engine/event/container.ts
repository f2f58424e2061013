import type { Engine } from '#engine/engine.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { noteEvent } from './log.ts';

/** Notes what happened to a container. Its labels are attributes beside its image and name. */
export function noteContainer(
  { database }: Pick<Engine, 'database'>,
  { id, name, imageName, options }: ContainerRecord,
  action: string,
  more: { attributes?: Record<string, string>; time?: number } = {},
): void {
  noteEvent(database, {
    type: 'container',
    action,
    actor: id,
    attributes: { ...options.labels, image: imageName, name, ...more.attributes },
    ...(more.time === undefined ? {} : { time: more.time }),
  });
}
