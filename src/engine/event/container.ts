import type { Engine } from '#engine/engine.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import type { ExitStatus } from '#engine/monitor/exit-file.ts';
import { noteEvent } from './log.ts';

type Noting = Pick<Engine, 'database' | 'containers'>;

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

/** A run has begun; once for each run, whoever is the first to see it. */
export function noteStart(engine: Noting, record: ContainerRecord, time?: number): void {
  engine.database.transaction(() => {
    if (!engine.containers.markStarted(record.id)) return;
    noteContainer(engine, record, 'start', time === undefined ? {} : { time });
  });
}

/** A run has ended: inside the transaction that takes note of it. */
export function noteEnd(engine: Noting, record: ContainerRecord, exit: ExitStatus): void {
  // Its starter may have died before it could say so.
  noteStart(engine, record, exit.started);
  if (exit.oom) noteContainer(engine, record, 'oom', { time: exit.finished });
  const seconds = Math.floor((exit.finished - exit.started) / 1000);
  noteContainer(engine, record, 'die', {
    attributes: { execDuration: String(seconds), exitCode: String(exit.code) },
    time: exit.finished,
  });
}
