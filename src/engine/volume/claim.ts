import { Fault } from '#base/fault.ts';
import type { ContainerOptions } from '#engine/container/options.ts';
import type { Engine } from '#engine/engine.ts';
import { noteVolume } from '#engine/event/volume.ts';
import { VolumeBusy } from './busy.ts';
import { makeVolumeDirectory, newVolume } from './create.ts';
import { volumeRecords } from './record.ts';

/**
 * Gives a container its volumes, in the transaction that makes its record. Those that are missing are recorded as being
 * made, and go with the container should it never be whole. Throws `VolumeBusy`.
 */
export function claimVolumes(
  { database }: Pick<Engine, 'database'>,
  container: string,
  options: ContainerOptions,
): void {
  const records = volumeRecords(database);
  for (const { name = '', anonymous, driverOptions = {}, labels = {} } of options.volumes ?? []) {
    const known = records.get(name);
    if (known === undefined) {
      const record = newVolume({ name, options: driverOptions, labels });
      records.insert({ ...record, anonymous: anonymous === true });
    } else if (known.phase !== 'ready' && !records.users(name).includes(container)) throw new VolumeBusy(name);
    records.use(name, container);
  }
}

/** Makes the directories of those that were missing. */
export function makeClaimed(engine: Engine, container: string): void {
  for (const { name, phase } of volumeRecords(engine.database).usedBy(container))
    if (phase === 'creating') makeVolumeDirectory(engine, name);
}

/** The container is whole, and with it the volumes made for it: in the transaction that says so. */
export function finishClaimed(engine: Engine, container: string): void {
  const records = volumeRecords(engine.database);
  for (const { name, phase } of records.usedBy(container)) {
    if (phase !== 'creating') continue;
    records.setPhase(name, 'ready', undefined);
    noteVolume(engine, 'create', name);
  }
}

/** The record of a volume that a container has; it cannot go before the container. */
export function claimed({ database }: Pick<Engine, 'database'>, name: string) {
  const record = volumeRecords(database).get(name);
  if (record !== undefined) return record;
  throw new Fault('corrupt', `find volume ${name}: it is gone from the store`);
}
