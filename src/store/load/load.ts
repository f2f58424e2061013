import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { spoolArchive, type SpooledArchive } from '#store/archive/spool.ts';
import { newOwner, type WorkArea } from '#store/content/work-area.ts';
import type { ImageRecord } from '#store/image/record.ts';
import type { StoreParts } from '#store/parts.ts';
import { parsePlatform, type Platform } from '#store/platform.ts';
import { inWorkArea } from '#store/pull/in-work-area.ts';
import { installImage } from '#store/pull/install.ts';
import { layerJobs } from '#store/pull/layers.ts';
import { formatReference, type Reference } from '#store/reference.ts';
import { archiveContent } from './archive-content.ts';
import type { FoundImage } from './content.ts';
import { directoryContent } from './directory-content.ts';
import { namesBeside, readDockerArchive } from './docker-archive.ts';
import { readOciLayout } from './oci-layout.ts';

export type LoadInput = { archive: AsyncIterable<Uint8Array> } | { directory: string };

export interface LoadOptions {
  /** Which image to take of several for different platforms; the host's when left out. */
  platform?: string;
  signal?: AbortSignal;
}

export interface LoadedImage {
  /** In full, as the archive names it. */
  names: string[];
  image: ImageRecord;
}

/**
 * Brings the images of an archive (docker-archive or oci-archive, plain or compressed) or of an OCI layout directory
 * into the store. All documents are read before the first image is made; each image comes whole or not at all. Faults:
 * invalid (no such directory, a name that is none), corrupt, unsupported, exhausted, cancelled.
 */
export async function load(parts: StoreParts, input: LoadInput, options: LoadOptions): Promise<LoadedImage[]> {
  const wanted = options.platform === undefined ? parts.platform : parsePlatform(options.platform);
  const { signal } = options;
  const keeper = newOwner();
  return inWorkArea(parts, 'load the images', async (area) => {
    try {
      const found = await findImages(input, area.path, wanted, signal);
      return await installFound(parts, found, { area, keeper, signal });
    } finally {
      parts.leases.release(keeper);
    }
  });
}

export async function installFound(
  parts: StoreParts,
  found: readonly FoundImage[],
  { area, keeper, signal }: { area: WorkArea; keeper: string; signal: AbortSignal | undefined },
): Promise<LoadedImage[]> {
  keepAll(parts, keeper, found);
  for (const [index, one] of found.entries()) {
    const own = join(area.path, String(index));
    mkdirSync(own, { mode: 0o700 });
    await installImage(parts, { ...one, owner: area.owner, area: own, onProgress: () => undefined, signal });
  }
  return found.map((one) => loaded(parts, one));
}

/** Images of one archive share layers: a removal of the first must not take them from the second. */
function keepAll({ database, leases }: StoreParts, owner: string, found: readonly FoundImage[]): void {
  database.transaction(() => {
    for (const { descriptor, chainId } of found.flatMap(({ image }) => layerJobs(image))) {
      leases.take(owner, 'blob', descriptor.digest);
      leases.take(owner, 'snapshot', chainId);
    }
  });
}

async function findImages(
  input: LoadInput,
  area: string,
  wanted: Platform,
  signal: AbortSignal | undefined,
): Promise<FoundImage[]> {
  if ('directory' in input) {
    return needed(await readOciLayout(directoryContent(input.directory), wanted), input.directory);
  }
  const archive = await spoolArchive(input.archive, join(area, 'files'), signal);
  return needed(await imagesOfArchive(archive, wanted), 'the archive');
}

/** The images of a spooled archive of either kind; undefined when it is none. */
export async function imagesOfArchive(archive: SpooledArchive, wanted: Platform): Promise<FoundImage[] | undefined> {
  const content = archiveContent(archive);
  const layout = await readOciLayout(content, wanted);
  if (layout === undefined) return readDockerArchive(content, archive);
  const beside = await namesBeside(content, archive);
  return layout.map((one) => ({
    ...one,
    names: distinct([...one.names, ...(beside.get(one.image.manifest.config.digest) ?? [])]),
  }));
}

export function needed(found: FoundImage[] | undefined, where: string): FoundImage[] {
  if (found !== undefined && found.length > 0) return found;
  throw new Fault('corrupt', `load images from ${where}: there is none in it`, {
    hint: 'It must hold index.json and oci-layout, or the manifest.json of docker save. A root file system is imported: sampan import.',
  });
}

function distinct(names: readonly Reference[]): Reference[] {
  return [...new Map(names.map((name) => [formatReference(name), name])).values()];
}

function loaded({ images }: StoreParts, { image, names }: FoundImage): LoadedImage {
  const record = images.find(image.manifest.config.digest);
  if (record === undefined) throw new Fault('conflict', 'an image was removed as soon as it was loaded');
  return { names: names.map(formatReference), image: record };
}
