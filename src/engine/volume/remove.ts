import { Fault } from '#base/fault.ts';
import { ownIdentity } from '#engine/container/ownership.ts';
import type { Engine } from '#engine/engine.ts';
import { decideAlone, VolumeBusy } from './busy.ts';
import { discardVolume } from './discard.ts';
import { volumeRecords, type VolumeRecord } from './record.ts';

/** Throws `notFound`. */
export function findVolume({ database }: Engine, name: string): VolumeRecord {
  const record = volumeRecords(database).get(name);
  if (record !== undefined && record.phase !== 'creating') return record;
  throw new Fault('notFound', `No such volume: ${name}`, { hint: 'sampan volume ls lists the volumes there are.' });
}

/** Removes a volume with all that is in it. Throws `notFound`, and `conflict` while a container has it. */
export async function removeVolume(engine: Engine, name: string): Promise<void> {
  const doing = `remove volume ${name}`;
  const records = volumeRecords(engine.database);
  findVolume(engine, name);
  await decideAlone(engine, doing, () => {
    const record = findVolume(engine, name);
    refuseUsed(engine, name, doing);
    if (record.phase !== 'ready') throw new VolumeBusy(name);
    records.setPhase(name, 'removing', ownIdentity());
  });
  await discardVolume(engine, name);
}

function refuseUsed(engine: Engine, name: string, doing: string): void {
  const users = volumeRecords(engine.database).users(name);
  if (users.length === 0) return;
  const names = users.map((id) => engine.containers.get(id)?.name ?? id.slice(0, 12));
  throw new Fault('conflict', `${doing}: volume is in use by ${names.join(', ')}`, {
    hint: `sampan rm ${names.join(' ')} removes what has it.`,
  });
}
