import type { Engine } from '#engine/engine.ts';
import { volumeData, volumeRecords } from './record.ts';

/** What docker has as a mark of volumes that nobody named. */
const ANONYMOUS = 'com.docker.volume.anonymous';

/** A volume as the field's tools expect to read it; undefined when there is none of this name. */
export function inspectVolume({ root, database }: Engine, name: string): Record<string, unknown> | undefined {
  const record = volumeRecords(database).get(name);
  if (record === undefined || record.phase === 'creating') return undefined;
  const labels = { ...record.labels, ...(record.anonymous ? { [ANONYMOUS]: '' } : {}) };
  return {
    CreatedAt: new Date(record.created).toISOString().replace(/\.\d+Z$/, 'Z'),
    Driver: record.driver,
    Labels: orNull(labels),
    Mountpoint: volumeData(root, name),
    Name: name,
    Options: orNull(record.options),
    Scope: 'local',
  };
}

const orNull = (object: object): object | null => (Object.keys(object).length === 0 ? null : object);
