import type { Engine } from '#engine/engine.ts';
import { diskUsage } from '#store/snapshot/usage.ts';
import { volumeData, type VolumeRecord } from './record.ts';

/** Bytes on disk below the root: what is mounted from elsewhere takes none. */
export async function volumeBytes({ root }: Pick<Engine, 'root'>, { name }: VolumeRecord): Promise<number> {
  return (await diskUsage(volumeData(root, name))).bytes;
}
