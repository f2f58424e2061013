import type { BindMount, ContainerOptions, VolumeMount } from '#engine/container/options.ts';
import { volumeData } from './record.ts';

/** Binds and volumes of a container as docker's `inspect` lists them. */
export function shownMounts(
  root: string,
  { binds, images = [], volumes = [] }: ContainerOptions,
): Record<string, unknown>[] {
  return [
    ...binds.map(({ source, destination, options, readOnly }) => ({
      Type: 'bind',
      Source: source,
      Destination: destination,
      Mode: options.join(','),
      RW: !readOnly,
      Propagation: options.find((option) => /^r?(private|shared|slave)$/.test(option)) ?? 'rprivate',
    })),
    ...images.map(({ name, destination }) => ({
      Type: 'image',
      Source: name,
      Destination: destination,
      Mode: '',
      RW: false,
      Propagation: '',
    })),
    ...volumes.map(({ name = '', destination, options, readOnly }) => ({
      Type: 'volume',
      Name: name,
      Source: volumeData(root, name),
      Destination: destination,
      Driver: 'local',
      Mode: options.join(','),
      RW: !readOnly,
      Propagation: '',
    })),
  ];
}

/** What was asked for by `--mount`; memory is among `Tmpfs`. */
export function askedMountsShown({ binds, images = [], volumes = [] }: ContainerOptions): Record<string, unknown>[] {
  return [
    ...binds.filter(isMount).map(({ source, destination, readOnly, options }) => ({
      Type: 'bind',
      Source: source,
      Target: destination,
      ...(readOnly || options.includes('ro') ? { ReadOnly: true } : {}),
    })),
    ...images.map(({ name, destination, subpath }) => ({
      Type: 'image',
      Source: name,
      Target: destination,
      ...(subpath === undefined ? {} : { ImageOptions: { Subpath: subpath } }),
    })),
    ...volumes.filter(isMount).map(({ name, anonymous, destination, readOnly }) => ({
      Type: 'volume',
      ...(anonymous === true ? {} : { Source: name }),
      Target: destination,
      ...(readOnly ? { ReadOnly: true } : {}),
    })),
  ];
}

/** Asked for by `--mount`: only there can be said what these fields hold. */
const isMount = (mount: BindMount | VolumeMount): boolean => 'mustExist' in mount || 'driverOptions' in mount;

/** What was asked for by `-v`, in its words. */
export function shownBinds({ binds, volumes = [] }: ContainerOptions): string[] {
  const words = (readOnly: boolean, options: readonly string[], noCopy = false): string =>
    [...(readOnly ? ['ro'] : []), ...(noCopy ? ['nocopy'] : []), ...options]
      .map((one, at) => (at ? `,${one}` : `:${one}`))
      .join('');
  return [
    ...binds
      .filter((one) => !isMount(one))
      .map((one) => `${one.source}:${one.destination}${words(one.readOnly, one.options)}`),
    ...volumes
      .filter((one) => one.anonymous !== true && !isMount(one))
      .map((one) => `${one.name}:${one.destination}${words(one.readOnly, one.options, one.noCopy)}`),
  ];
}

/** Names or sources and destinations of what is mounted, by which `ps` looks for containers. */
export function volumesByPlace({ binds, volumes = [] }: ContainerOptions): Set<string> {
  return new Set([
    ...binds.flatMap(({ source, destination }) => [source, destination]),
    ...volumes.flatMap(({ name = '', destination }) => [name, destination]),
  ]);
}

/** Names of volumes, and sources of binds, as `ps` shows them. */
export function mountNames({ binds, volumes = [] }: ContainerOptions): string[] {
  return [...binds.map(({ source }) => source), ...volumes.map(({ name = '' }) => name)];
}
