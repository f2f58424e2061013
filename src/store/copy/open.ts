import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { spoolArchive } from '#store/archive/spool.ts';
import { openWorkArea } from '#store/content/work-area.ts';
import { archiveContent } from '#store/load/archive-content.ts';
import { directoryContent } from '#store/load/directory-content.ts';
import type { StoreParts } from '#store/parts.ts';
import type { Platform } from '#store/platform.ts';
import type { Reference } from '#store/reference.ts';
import type { Place } from '#store/registry/registries.ts';
import { dirSource } from './dir-source.ts';
import { dockerArchiveSource } from './docker-archive-source.ts';
import { dirTarget, dockerArchiveTarget, ociArchiveTarget } from './file-targets.ts';
import { layoutSource } from './layout-source.ts';
import { layoutTarget } from './layout-target.ts';
import type { CopySource, CopyTarget } from './port.ts';
import { registrySource, type RegistryWay } from './registry-source.ts';
import { registryTarget } from './registry-target.ts';
import { storeSource, type StoreContent } from './store-source.ts';
import { storeTarget, type StoreNames } from './store-target.ts';

/** A place of content, as the command line says it. */
export type ContentPlace =
  | { kind: 'registry'; reference: Reference; places: readonly Place[]; way: RegistryWay }
  | ({ kind: 'store'; name: string; content?: StoreContent } & Partial<StoreNames>)
  | { kind: 'docker-archive' | 'oci-archive' | 'oci'; path: string; reference: string | undefined }
  | { kind: 'dir'; path: string };

export async function openSource(
  parts: StoreParts,
  place: ContentPlace,
  wanted: Platform,
  signal: AbortSignal | undefined,
): Promise<CopySource> {
  switch (place.kind) {
    case 'registry':
      return registrySource(parts, place.reference, place.places, place.way);
    case 'store':
      return storeSource(parts, place.name, place.content ?? 'either');
    case 'dir':
      return dirSource(existing(place.path, true));
    case 'oci':
      return layoutSource(
        directoryContent(existing(place.path, true)),
        `the layout ${place.path}`,
        place.reference,
        none,
      );
    default:
      return archiveSource(parts, { ...place, kind: place.kind }, wanted, signal);
  }
}

export function openTarget(parts: StoreParts, place: ContentPlace, wanted: Platform): CopyTarget {
  switch (place.kind) {
    case 'registry':
      return registryTarget(parts, place.reference, lastOf(place.places), place.way);
    case 'store':
      return storeTarget(parts, { names: [], ...place }, wanted);
    case 'dir':
      return dirTarget(place.path);
    case 'oci':
      return layoutTarget(place.path, place.reference);
    case 'oci-archive':
      return ociArchiveTarget(place.path, place.reference);
    case 'docker-archive':
      return dockerArchiveTarget(place.path, place.reference);
  }
}

/** Mirrors, which come before it, are for reading. */
function lastOf(places: readonly Place[]): Place {
  const place = places.at(-1);
  if (place !== undefined) return place;
  throw new Fault('internal', 'copy to a registry: there is no place for it');
}

/** An archive is laid down in the work area: its files may lie in any order, and be compressed as a whole. */
async function archiveSource(
  parts: StoreParts,
  { kind, path, reference }: Extract<ContentPlace, { kind: 'docker-archive' | 'oci-archive' | 'oci' }>,
  wanted: Platform,
  signal: AbortSignal | undefined,
): Promise<CopySource> {
  const bytes = createReadStream(existing(path, false), { highWaterMark: 1024 * 1024 });
  const area = openWorkArea(parts.root, parts.launcher);
  const close = (): Promise<void> => area.remove();
  try {
    const archive = await spoolArchive(bytes, join(area.path, 'files'), signal);
    const where = `the archive ${path}`;
    return kind === 'oci-archive'
      ? await layoutSource(archiveContent(archive), where, reference, close)
      : await dockerArchiveSource(archive, wanted, where, reference, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function existing(path: string, directory: boolean): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new Fault('notFound', `open ${path}: it is not there`, { facts: { path } });
  if (found.isDirectory() === directory) return path;
  throw new Fault('invalid', `open ${path}: it is ${directory ? 'no' : 'a'} directory`, { facts: { path } });
}

const none = (): Promise<void> => Promise.resolve();
