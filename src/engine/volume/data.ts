import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { driverMount } from './driver-options.ts';
import { volumeData, type VolumeRecord } from './record.ts';

/** The directory with the files of a volume. Throws `unsupported` for one that only containers mount. */
export function dataDirectory({ root }: Pick<Engine, 'root'>, { name, options }: VolumeRecord, doing: string): string {
  const driver = driverMount(options);
  if (driver === undefined) return volumeData(root, name);
  if (driver.kind === 'bind') return driver.source;
  throw new Fault('unsupported', `${doing}: its file system (${driver.type}) is mounted in containers only`, {
    hint: 'Mount it in a container, and use sampan cp there.',
  });
}
