import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Fault } from '#base/fault.ts';
import type { SpooledArchive, SpooledFile } from '#store/archive/spool.ts';
import type { Digest } from '#store/digest.ts';
import { blobName, LARGEST_DOCUMENT, type FileLayers, type LoadContent } from './content.ts';

/** The files of an archive as content to load. */
export function archiveContent(archive: SpooledArchive): LoadContent {
  return {
    document: async (name) => {
      const file = archive.get(name);
      if (file === undefined) return undefined;
      if (file.size > LARGEST_DOCUMENT) throw new Fault('corrupt', `read ${name}: it has ${file.size} bytes`);
      return readFile(file.path);
    },
    layers: spooledLayers((digest) => archive.get(blobName(digest))),
  };
}

/** Layers out of spooled files; each file is handed over to the store once. */
export function spooledLayers(find: (digest: Digest) => SpooledFile | undefined): FileLayers {
  const taken = new Set<string>();
  const needed = (digest: Digest): SpooledFile => {
    const file = find(digest);
    if (file === undefined) throw new Fault('corrupt', `the archive has no file for the layer ${digest}`);
    return file;
  };
  return {
    blob: (digest, _, rest) =>
      createReadStream(needed(digest).path, { highWaterMark: 1024 * 1024, start: rest?.start ?? 0 }),
    part: (digest, start, end) =>
      createReadStream(needed(digest).path, { highWaterMark: 1024 * 1024, start, end: end - 1 }),
    takeFile: (digest) => {
      const { path } = needed(digest);
      if (taken.has(path)) return undefined;
      taken.add(path);
      return path;
    },
  };
}
