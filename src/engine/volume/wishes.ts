import { normalize } from 'node:path/posix';
import { Fault } from '#base/fault.ts';
import { randomId } from '#base/ids.ts';
import type { BindMount, ContainerOptions, VolumeMount } from '#engine/container/options.ts';
import type { Engine } from '#engine/engine.ts';
import { checkVolume } from './create.ts';

/** A volume with its name, be it one that nobody chose. */
export type NamedMount = VolumeMount & { name: string };

const place = (destination: string): string => normalize(`${destination}/`);

/**
 * All that a container is to have mounted: what was asked for, what it takes over from other containers where nothing
 * was asked for, and volumes for the places that its image names where there is neither. Throws `invalid` and `notFound`.
 */
export function withVolumes(engine: Engine, options: ContainerOptions, places: readonly string[]): ContainerOptions {
  const { volumes = [], binds, tmpfs = [], images = [], volumesFrom = [] } = options;
  if (volumes.length + volumesFrom.length + images.length + places.length === 0) return options;
  for (const { name, driver, driverOptions } of volumes)
    checkVolume({ ...given('name', name), ...given('driver', driver), ...given('options', driverOptions) }, '--volume');
  refuseTwice([...binds, ...images, ...volumes].map(({ destination }) => place(destination)));
  const taken = new Set([...volumes, ...binds, ...images, ...tmpfs].map(({ destination }) => place(destination)));
  const free = <T extends { destination: string }>(mount: T): boolean => !taken.has(place(mount.destination));
  const others = inherited(engine, volumesFrom);
  const [moreBinds, moreVolumes] = [others.binds.filter(free), others.volumes.filter(free)];
  for (const { destination } of [...moreBinds, ...moreVolumes]) taken.add(place(destination));
  const image = places
    .map((destination): VolumeMount => ({ destination, readOnly: false, options: [] }))
    .filter((mount) => place(mount.destination) !== '/' && free(mount));
  return {
    ...options,
    binds: [...binds, ...moreBinds],
    volumes: [...volumes, ...moreVolumes, ...image].map(named),
    ...(volumesFrom.length === 0 ? {} : { volumesFrom: others.from }),
  };
}

function named(mount: VolumeMount): NamedMount {
  const { name } = mount;
  return name === undefined ? { ...mount, name: randomId(), anonymous: true } : { ...mount, name };
}

function refuseTwice(destinations: readonly string[]): void {
  const twice = destinations.find((one, at) => destinations.indexOf(one) !== at);
  if (twice === undefined) return;
  throw new Fault('invalid', `create container: Duplicate mount point: ${twice.replace(/(.)\/$/, '$1')}`, {
    field: '--volume',
  });
}

interface Inherited {
  binds: BindMount[];
  volumes: VolumeMount[];
  /** With ids for names: names move. */
  from: { container: string; readOnly?: boolean }[];
}

/** Of two containers with something at the same place, the first one's is taken. */
function inherited(engine: Engine, wishes: NonNullable<ContainerOptions['volumesFrom']>): Inherited {
  const all: Inherited = { binds: [], volumes: [], from: [] };
  const seen = new Set<string>();
  const fresh = (mount: { destination: string }): boolean => {
    const known = seen.has(place(mount.destination));
    seen.add(place(mount.destination));
    return !known;
  };
  for (const { container, readOnly } of wishes) {
    const { id, options } = engine.containers.find(container);
    const mode = readOnly === undefined ? {} : { readOnly };
    all.binds.push(...options.binds.filter(fresh).map((bind) => ({ ...bind, ...mode })));
    all.volumes.push(...(options.volumes ?? []).filter(fresh).map((volume) => ({ ...volume, ...mode })));
    all.from.push({ container: id, ...mode });
  }
  return all;
}

const given = <K extends string, T>(name: K, value: T | undefined): { [Name in K]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { [Name in K]?: T };
