import type { ContainerOptions } from '#engine/container/options.ts';
import { volumeData } from './record.ts';

/** Binds and volumes of a container as docker's `inspect` lists them. */
export function shownMounts(root: string, { binds, volumes = [] }: ContainerOptions): Record<string, unknown>[] {
  return [
    ...binds.map(({ source, destination, options, readOnly }) => ({
      Type: 'bind',
      Source: source,
      Destination: destination,
      Mode: options.join(','),
      RW: !readOnly,
      Propagation: options.find((option) => /^r?(private|shared|slave)$/.test(option)) ?? 'rprivate',
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

/** Those that `-v` could have asked for, in its words. */
export function shownBinds({ binds, volumes = [] }: ContainerOptions): string[] {
  const words = (readOnly: boolean, options: readonly string[], noCopy = false): string =>
    [...(readOnly ? ['ro'] : []), ...(noCopy ? ['nocopy'] : []), ...options]
      .map((one, at) => (at ? `,${one}` : `:${one}`))
      .join('');
  return [
    ...binds.map((one) => `${one.source}:${one.destination}${words(one.readOnly, one.options)}`),
    ...volumes
      .filter(({ anonymous }) => anonymous !== true)
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
