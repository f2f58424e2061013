import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import type { ContainerRecord } from './record.ts';

/** Writes a container's root file system, running or not, as a tar archive. */
export async function exportContainer(
  engine: Engine,
  record: ContainerRecord,
  write: (archive: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  await engine.store.reconcile();
  await engine.store.export(record.snapshotter, record.id, write);
  noteContainer(engine, record, 'export');
}
