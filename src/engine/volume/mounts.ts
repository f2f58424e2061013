import { join } from 'node:path';
import type { VolumeMount } from '#engine/container/options.ts';
import type { Engine } from '#engine/engine.ts';
import type { MountPlaces, SourceKind } from '#runtime/lower/context.ts';
import type { Mount } from '#runtime/spec/spec.ts';
import { driverMount, type DriverMount } from './driver-options.ts';
import { kindWithin } from './within.ts';
import { volumeData, volumeRecords } from './record.ts';

export interface LoweredVolume {
  mount: Mount;
  /** A directory that the source must lie below, whatever links are in it. */
  within?: { base: string; path: string };
  /** It is mounted where the host's network is, not where the container's is. */
  outside: boolean;
}

/** What is mounted for a container's volumes. One that is not there yet is shown as it would be. */
export function lowerVolumes(
  engine: Pick<Engine, 'root' | 'database'>,
  volumes: readonly VolumeMount[],
): LoweredVolume[] {
  const records = volumes.length === 0 ? undefined : volumeRecords(engine.database);
  return volumes.map((volume) => {
    const { name = 'NEW' } = volume;
    const options = records?.get(name)?.options ?? volume.driverOptions ?? {};
    return lowerVolume(volume, driverMount(options), volumeData(engine.root, name));
  });
}

/** What the specification cannot say of them. */
export function mountPlaces(volumes: readonly LoweredVolume[]): MountPlaces {
  return {
    within: new Map(
      volumes.flatMap(({ mount, within }) => (within === undefined ? [] : [[mount.source ?? '', within]])),
    ),
    outside: new Set(volumes.filter(({ outside }) => outside).map(({ mount }) => mount.destination)),
  };
}

/** What the subpaths lead to; one that is missing is told of by the lowering. */
export function withinKinds(volumes: readonly LoweredVolume[]): Map<string, SourceKind> {
  const kinds = new Map<string, SourceKind>();
  for (const { mount, within } of volumes) {
    const kind = within === undefined ? undefined : kindWithin(within.base, within.path);
    if (kind !== undefined) kinds.set(mount.source ?? '', kind);
  }
  return kinds;
}

function lowerVolume(volume: VolumeMount, driver: DriverMount | undefined, data: string): LoweredVolume {
  if (driver?.kind === 'filesystem') return { mount: freshMount(volume, driver), outside: driver.type !== 'tmpfs' };
  const { destination, readOnly, subpath, options } = volume;
  const base = driver?.source ?? data;
  const asked = [...(driver?.options ?? []), ...options].map((option) => (option === 'ro' ? 'rro' : option));
  return {
    mount: {
      destination,
      type: 'bind',
      source: subpath === undefined ? base : join(base, subpath),
      options: [
        driver === undefined || driver.recursive ? 'rbind' : 'bind',
        ...(readOnly ? ['rro'] : []),
        ...(asked.some((option) => /^r?(private|shared|slave)$/.test(option)) ? [] : ['rprivate']),
        ...asked.filter((option) => option !== 'rw'),
      ],
    },
    ...(subpath === undefined ? {} : { within: { base, path: subpath } }),
    outside: false,
  };
}

/** Nobody but the container sees this mount: it is made in its own namespace, and goes with it. */
function freshMount(
  { destination, readOnly, noCopy, options }: VolumeMount,
  { type, source, options: own }: Extract<DriverMount, { kind: 'filesystem' }>,
): Mount {
  const copyUp = type === 'tmpfs' && noCopy !== true ? ['tmpcopyup'] : [];
  return { destination, type, source, options: [...own, ...options, ...copyUp, ...(readOnly ? ['ro'] : [])] };
}
