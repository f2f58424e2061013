import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { asOwner } from './ownership.ts';
import type { ContainerRecord } from './record.ts';
import { settleOwned } from './reconcile.ts';
import { startOwned, type StartRequest } from './start.ts';
import { endContainer, type StopRequest } from './stop.ts';

/**
 * Stops a container, if it runs, and starts it. All under one ownership, so that `--rm` does not take it away in
 * between; when this process dies there, it is as stopped as by `stop`.
 */
export async function restartContainer(
  engine: Engine,
  { id }: ContainerRecord,
  stop: StopRequest,
  start: StartRequest,
): Promise<void> {
  await asOwner(engine, id, 'restart container', async (record) => {
    const killed = await endContainer(engine, record, stop);
    if (record.active) await settleOwned(engine, { ...record, autoRemove: false }, 'ended');
    if (killed !== undefined) noteContainer(engine, record, 'stop');
    await startOwned(engine, { ...record, active: false }, start);
    noteContainer(engine, record, 'restart');
  });
}
