import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { beginSpool, type SpooledArchive } from '#store/archive/spool.ts';
import { newOwner, type WorkArea } from '#store/content/work-area.ts';
import type { ImageRecord } from '#store/image/record.ts';
import type { StoreParts } from '#store/parts.ts';
import { parsePlatform, type Platform } from '#store/platform.ts';
import { inWorkArea } from '#store/pull/in-work-area.ts';
import { installImage } from '#store/pull/install.ts';
import { layerJobs } from '#store/pull/layers.ts';
import type { PullProgress } from '#store/pull/progress.ts';
import { formatReference, type Reference } from '#store/reference.ts';
import { archiveContent } from './archive-content.ts';
import type { FoundImage, LoadContent } from './content.ts';
import { directoryContent } from './directory-content.ts';
import { namesBeside, readDockerArchive } from './docker-archive.ts';
import { readOciLayout } from './oci-layout.ts';

export type LoadInput = { archive: AsyncIterable<Uint8Array> } | { directory: string };

export interface LoadOptions {
  /** Which image to take of several for different platforms; the host's when left out. */
  platform?: string;
  onProgress?: (progress: PullProgress) => void;
  signal?: AbortSignal;
}

export interface LoadedImage {
  /** In full, as the archive names it. */
  names: string[];
  image: ImageRecord;
}

/**
 * Brings the images of an archive (docker-archive or oci-archive, plain or compressed) or of an OCI layout directory
 * into the store. Layers are unpacked while the rest of the archive comes in, where it begins with its documents. All of
 * them are read before the first image is made; each image comes whole or not at all, and none before a broken archive
 * has come to its end. Faults: invalid (no such directory, a name that is none), corrupt, unsupported, exhausted,
 * cancelled.
 */
export async function load(parts: StoreParts, input: LoadInput, options: LoadOptions): Promise<LoadedImage[]> {
  const wanted = options.platform === undefined ? parts.platform : parsePlatform(options.platform);
  const { signal, onProgress = () => undefined } = options;
  const keeper = newOwner();
  return inWorkArea(parts, 'load the images', async (area) => {
    const stop = new AbortController();
    const incoming =
      'directory' in input
        ? ofDirectory(input.directory, wanted)
        : ofArchive(beginSpool(input.archive, join(area.path, 'files'), either(signal, stop.signal)), wanted);
    try {
      const found = await incoming.found;
      return await installFound(parts, found, { area, keeper, signal, onProgress, named: incoming.named(found) });
    } finally {
      // Nothing may write to the area any more when it is removed.
      stop.abort();
      await incoming.ended.catch(() => undefined);
      parts.leases.release(keeper);
    }
  });
}

export interface InstallFound {
  area: WorkArea;
  keeper: string;
  signal: AbortSignal | undefined;
  onProgress?: LoadOptions['onProgress'];
  /** The same images with all their names, when everything has been read and is well: none is visible before that. */
  named?: Promise<readonly FoundImage[]>;
}

export async function installFound(
  parts: StoreParts,
  found: readonly FoundImage[],
  { area, keeper, signal, onProgress = () => undefined, named = Promise.resolve(found) }: InstallFound,
): Promise<LoadedImage[]> {
  named.catch(() => undefined); // each installation is told
  keepAll(parts, keeper, found);
  for (const [index, one] of found.entries()) {
    const own = join(area.path, String(index));
    mkdirSync(own, { mode: 0o700 });
    const names = named.then((all) => all[index]?.names ?? []);
    names.catch(() => undefined);
    await installImage(parts, { ...one, names, owner: area.owner, area: own, onProgress, signal });
  }
  return (await named).map((one) => loaded(parts, one));
}

function either(signal: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return signal === undefined ? other : AbortSignal.any([signal, other]);
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

/** What there is to load, as soon as that is known. */
interface Incoming {
  found: Promise<FoundImage[]>;
  /** Nothing is read any more. */
  ended: Promise<void>;
  /** The same images with all their names, when everything has been read and is well. */
  named(found: FoundImage[]): Promise<FoundImage[]>;
}

function ofDirectory(directory: string, wanted: Platform): Incoming {
  return {
    found: readOciLayout(directoryContent(directory), wanted).then((found) => needed(found, directory)),
    ended: Promise.resolve(),
    named: (found) => Promise.resolve(found),
  };
}

function ofArchive(archive: SpooledArchive, wanted: Platform): Incoming {
  const content = archiveContent(archive);
  const find = async (): Promise<FoundImage[]> => {
    const layout = await readOciLayout(content, wanted);
    if (layout !== undefined) return needed(layout, 'the archive');
    await archive.ended;
    return needed(await readDockerArchive(content, archive), 'the archive');
  };
  const named = async (found: FoundImage[]): Promise<FoundImage[]> => {
    await archive.ended;
    return withNamesBeside(found, content, archive);
  };
  return { found: find(), ended: archive.ended, named };
}

/** The images of a spooled archive of either kind; undefined when it is none. */
export async function imagesOfArchive(archive: SpooledArchive, wanted: Platform): Promise<FoundImage[] | undefined> {
  const content = archiveContent(archive);
  const layout = await readOciLayout(content, wanted);
  return layout === undefined ? readDockerArchive(content, archive) : withNamesBeside(layout, content, archive);
}

async function withNamesBeside(
  found: readonly FoundImage[],
  content: LoadContent,
  archive: SpooledArchive,
): Promise<FoundImage[]> {
  const beside = await namesBeside(content, archive);
  return found.map((one) => ({
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
