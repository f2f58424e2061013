import { join } from 'node:path';
import type { Engine } from '#engine/engine.ts';
import type { ContainerRecord } from './record.ts';

/** Removes all that belongs to a container that does not run: snapshot, directory, then the record. Repeatable. */
export async function discardContainer(engine: Engine, record: Pick<ContainerRecord, 'id'>): Promise<void> {
  engine.containers.setPhase(record.id, 'removing');
  await engine.store.snapshots.remove(record.id);
  await engine.launcher.remove(join(engine.root, 'containers'), record.id);
  engine.containers.remove(record.id);
}
