import { rmSync } from 'node:fs';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { condemnVolumes, discardVolume } from '#engine/volume/discard.ts';
import { removeContainerCgroups } from './cgroups.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';

/**
 * Removes all that belongs to a container: what its control groups still hold, snapshot, directory, then the record.
 * Repeatable. Volumes that nobody named go too when that was asked for, now or when the container was made.
 */
export async function discardContainer(
  engine: Engine,
  record: Pick<ContainerRecord, 'id' | 'snapshotter' | 'autoRemove' | 'options'>,
  withVolumes = record.autoRemove,
): Promise<void> {
  const before = engine.containers.get(record.id);
  // One that was never whole is not told of, neither now nor by who finishes this.
  const mark = (): string[] => {
    if (before?.phase !== 'creating') engine.containers.setPhase(record.id, 'removing');
    return before === undefined ? [] : condemnVolumes(engine, before, withVolumes);
  };
  const hasVolumes = before?.options.volumes !== undefined;
  const volumes = hasVolumes ? engine.database.durably(mark) : engine.database.transaction(mark);
  await removeContainerCgroups(engine, record);
  const removal = engine.store.snapshotter(record.snapshotter).remove(record.id);
  // All in there is ours; what the container wrote lies in its snapshot, which the launcher removes meanwhile.
  rmSync(containerDirectory(engine.root, record.id), { recursive: true, force: true });
  await removal;
  engine.database.transaction(() => {
    if (engine.containers.get(record.id)?.phase === 'removing' && before !== undefined) {
      noteContainer(engine, before, 'destroy');
    }
    engine.containers.remove(record.id);
  });
  for (const name of volumes) await discardVolume(engine, name);
}
