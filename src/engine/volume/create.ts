import { chmodSync, mkdirSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { randomId } from '#base/ids.ts';
import { ownIdentity } from '#engine/container/ownership.ts';
import type { Engine } from '#engine/engine.ts';
import { noteVolume } from '#engine/event/volume.ts';
import { decideAlone, VolumeBusy } from './busy.ts';
import { discardVolume } from './discard.ts';
import { driverMount } from './driver-options.ts';
import { checkVolumeName } from './name.ts';
import { volumeData, volumeDirectory, volumeRecords, type VolumeRecord } from './record.ts';

export interface VolumeWish {
  /** Undefined: one that nobody chose. */
  name?: string;
  driver?: string;
  options?: Readonly<Record<string, string>>;
  labels?: Readonly<Record<string, string>>;
}

/** Everything that can be refused before anything is made. */
export function checkVolume({ name, driver = 'local', options = {} }: VolumeWish, field: string): void {
  if (name !== undefined) checkVolumeName(name, 'create volume', field);
  if (driver !== 'local') {
    throw new Fault('unsupported', `create volume: there is no driver "${driver}"`, {
      field: '--driver',
      hint: 'local is the only one; it mounts what -o type=, device= and o= say.',
    });
  }
  driverMount(options);
}

/** The record of a volume that this process begins to make. */
export function newVolume({ name, options = {}, labels = {} }: VolumeWish): VolumeRecord {
  return {
    name: name ?? randomId(),
    driver: 'local',
    options,
    labels,
    created: Date.now(),
    anonymous: name === undefined,
    phase: 'creating',
    owner: ownIdentity(),
  };
}

export function makeVolumeDirectory({ root }: Pick<Engine, 'root'>, name: string): void {
  // What is in a volume has the rights that its containers gave it; no other user of the host gets that far.
  mkdirSync(volumeDirectory(root, name), { recursive: true, mode: 0o700 });
  mkdirSync(volumeData(root, name), { mode: 0o755 });
  // Whatever the caller's umask says.
  chmodSync(volumeData(root, name), 0o755);
}

/** Makes a volume; one of this name that is there is left as it is. Gives its name. `fill` works on it before others see it. */
export async function createVolume(
  engine: Engine,
  wish: VolumeWish,
  fill?: (record: VolumeRecord) => Promise<void>,
): Promise<{ name: string; made: boolean }> {
  checkVolume(wish, 'VOLUME');
  const records = volumeRecords(engine.database);
  const record = newVolume(wish);
  const { name } = record;
  const made = await decideAlone(engine, `create volume ${name}`, () => {
    const known = records.get(name);
    if (known !== undefined && known.phase !== 'ready') throw new VolumeBusy(name);
    if (known === undefined) records.insert(record);
    return known === undefined;
  });
  if (!made) return { name, made };
  try {
    makeVolumeDirectory(engine, name);
    await fill?.(record);
    engine.database.durably(() => {
      records.setPhase(name, 'ready', undefined);
      noteVolume(engine, 'create', name);
    });
  } catch (error) {
    await discardVolume(engine, name);
    throw error;
  }
  return { name, made };
}
