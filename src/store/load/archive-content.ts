import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Fault } from '#base/fault.ts';
import type { SpooledFile } from '#store/archive/spool-sink.ts';
import type { SpooledArchive } from '#store/archive/spool.ts';
import type { Digest } from '#store/digest.ts';
import { blobName, bounded, LARGEST_DOCUMENT, type FileLayers, type LoadContent } from './content.ts';

const READ_CHUNK = 256 * 1024;

/** The files of an archive as content to load, some of it before the rest has come. */
export function archiveContent(archive: SpooledArchive): LoadContent {
  return {
    document: bounded(async (name) => {
      const file = await archive.whole(name);
      if (file === undefined) return undefined;
      if (file.size > LARGEST_DOCUMENT) throw new Fault('corrupt', `read ${name}: it has ${file.size} bytes`);
      return readFile(file.path);
    }),
    layers: {
      blob: (digest, _, rest) => archive.stream(blobName(digest), rest?.start),
      part: (digest, start, end) => archive.stream(blobName(digest), start, end),
      takeFile: handedOutOnce((digest) => archive.placeOf(blobName(digest))),
    },
  };
}

/** Layers out of files that are whole; each file is handed over to the store once. */
export function spooledLayers(find: (digest: Digest) => SpooledFile | undefined): FileLayers {
  const needed = (digest: Digest): SpooledFile => {
    const file = find(digest);
    if (file === undefined) throw new Fault('corrupt', `the archive has no file for the layer ${digest}`);
    return file;
  };
  const read = (digest: Digest, part: { start: number; end?: number }) =>
    createReadStream(needed(digest).path, { highWaterMark: READ_CHUNK, ...part });
  return {
    blob: (digest, _, rest) => read(digest, { start: rest?.start ?? 0 }),
    part: (digest, start, end) => read(digest, { start, end: end - 1 }),
    takeFile: handedOutOnce((digest) => needed(digest).path),
  };
}

function handedOutOnce(pathOf: (digest: Digest) => string): (digest: Digest) => string | undefined {
  const taken = new Set<string>();
  return (digest) => {
    const path = pathOf(digest);
    if (taken.has(path)) return undefined;
    taken.add(path);
    return path;
  };
}
