import { isAlive } from '#base/process-identity.ts';
import { ownIdentity } from '#engine/container/ownership.ts';
import type { Engine } from '#engine/engine.ts';
import { discardVolume } from './discard.ts';
import { volumeDirectory, volumeRecords, type VolumeRecord } from './record.ts';

/** Volumes that a process left half made, half filled or half removed when it died. Gives what was done, in words. */
export async function settleVolumes(engine: Engine): Promise<string[]> {
  const done: string[] = [];
  for (const { name } of volumeRecords(engine.database).unsettled()) {
    const left = takeOver(engine, name);
    if (left === undefined) continue;
    if (left.phase === 'filling') {
      await engine.launcher.remove(volumeDirectory(engine.root, name), '_fill');
      volumeRecords(engine.database).setPhase(name, 'ready', undefined);
    } else {
      await discardVolume(engine, name);
      done.push(`removed volume ${name}, which was left half ${left.phase === 'creating' ? 'made' : 'removed'}`);
    }
  }
  return done;
}

/** Undefined when there is nothing to take over: it is settled, or somebody living is at it. */
function takeOver({ database }: Engine, name: string): VolumeRecord | undefined {
  return database.durably(() => {
    const records = volumeRecords(database);
    const record = records.get(name);
    if (record === undefined || record.phase === 'ready') return undefined;
    if (record.owner !== undefined && isAlive(record.owner)) return undefined;
    // Its container is not whole either: with that it goes, when its turn comes.
    if (record.phase === 'creating' && records.users(name).length > 0) return undefined;
    records.setPhase(name, record.phase, ownIdentity());
    return record;
  });
}
