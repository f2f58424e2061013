import { noteVolume } from '#engine/event/volume.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { ownIdentity } from '#engine/container/ownership.ts';
import type { Engine } from '#engine/engine.ts';
import { volumeRecords } from './record.ts';

/** Removes the files of a volume that is marked as going, then its record. Repeatable. */
export async function discardVolume(engine: Engine, name: string): Promise<void> {
  const records = volumeRecords(engine.database);
  await engine.launcher.remove(`${engine.root}/volumes`, name);
  engine.database.transaction(() => {
    const before = records.get(name);
    records.remove(name);
    if (before?.phase === 'removing') noteVolume(engine, 'destroy', name);
  });
}

/**
 * Marks what goes with a container: volumes that were being made for it, and with `anonymous` those that it was given
 * without a name and no other container has. In the transaction that marks the container. Gives their names.
 */
export function condemnVolumes(
  { database }: Engine,
  { id, options }: Pick<ContainerRecord, 'id' | 'options'>,
  anonymous: boolean,
): string[] {
  if (options.volumes === undefined) return [];
  const records = volumeRecords(database);
  const own = new Set(options.volumes.filter((one) => anonymous && one.anonymous === true).map(({ name }) => name));
  const going = records
    .usedBy(id)
    .filter(({ name, phase }) => phase === 'creating' || (phase !== 'filling' && own.has(name)))
    .filter(({ name }) => records.users(name).every((user) => user === id));
  // One that was never whole is not told of.
  for (const { name, phase } of going)
    records.setPhase(name, phase === 'creating' ? 'creating' : 'removing', ownIdentity());
  return going.map(({ name }) => name);
}
