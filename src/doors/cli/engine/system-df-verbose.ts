import { shortId } from '#base/ids.ts';
import { formatBytes, formatDuration } from '#base/units.ts';
import { namesOf } from '#engine/image/list.ts';
import type { ContainerUse, DiskUse, ImageUse } from '#engine/space/disk-use.ts';
import { table } from '#doors/cli/table.ts';
import { goTime } from './go-time.ts';

const since = (time: number): string => (time === 0 ? 'N/A' : `${formatDuration(Date.now() - time)} ago`);

/** The tables of `-v`, one below the other. */
export function verboseTables({ images, containers, volumes }: DiskUse): string {
  const imageTable = table(
    ['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS'],
    images.flatMap(imageCells),
  );
  const containerTable = table(
    ['CONTAINER ID', 'IMAGE', 'COMMAND', 'LOCAL VOLUMES', 'SIZE', 'CREATED', 'STATUS', 'NAMES'],
    containers.map(containerCells),
  );
  const volumeTable = table(
    ['VOLUME NAME', 'LINKS', 'SIZE'],
    volumes.map(({ record, links, size }) => [record.name, String(links), formatBytes(size)]),
  );
  return [
    `Images space usage:\n\n${imageTable}`,
    `Containers space usage:\n\n${containerTable}`,
    `Local Volumes space usage:\n\n${volumeTable}`,
    `Build cache usage: 0B`,
  ].join('\n\n');
}

function imageCells({ image, size, shared, unique, containers }: ImageUse): string[][] {
  return namesOf(image).map(({ repository, tag }) => [
    repository,
    tag,
    shortId(image.configDigest),
    since(image.created),
    formatBytes(size),
    formatBytes(shared),
    formatBytes(unique),
    String(containers),
  ]);
}

function containerCells({ record, state, size }: ContainerUse): string[] {
  return [
    shortId(record.id),
    record.imageName,
    `"${record.options.command.join(' ')}"`,
    String(record.options.volumes?.length ?? 0),
    formatBytes(size),
    since(record.created),
    state.status,
    record.name,
  ];
}

/** The same for programs: sizes in bytes. */
export function verboseJson({ images, containers, volumes }: DiskUse): object {
  return {
    Images: images.map(({ image, size, shared, unique, containers: count }) => ({
      Containers: count,
      CreatedAt: image.created === 0 ? '' : goTime(image.created),
      ID: image.configDigest,
      RepoTags: namesOf(image).map(({ repository, tag }) => `${repository}:${tag}`),
      SharedSize: shared,
      Size: size,
      UniqueSize: unique,
    })),
    Containers: containers.map(({ record, state, size }) => ({
      CreatedAt: goTime(record.created),
      ID: record.id,
      Image: record.imageName,
      Names: record.name,
      Size: size,
      State: state.status,
    })),
    Volumes: volumes.map(({ record, links, size }) => ({
      Driver: record.driver,
      Labels: record.labels,
      Links: links,
      Name: record.name,
      Size: size,
    })),
    BuildCache: [],
  };
}
