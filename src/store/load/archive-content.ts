import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Fault } from '#base/fault.ts';
import type { SpooledFile } from '#store/archive/spool-sink.ts';
import type { SpooledArchive } from '#store/archive/spool.ts';
import type { Digest } from '#store/digest.ts';
import type { LayerSource } from '#store/pull/layers.ts';
import { blobName, LARGEST_DOCUMENT, type LoadContent } from './content.ts';

/** The files of an archive as content to load, some of it before the rest has come. */
export function archiveContent(archive: SpooledArchive): LoadContent {
  return {
    document: async (name) => {
      const file = await archive.whole(name);
      if (file === undefined) return undefined;
      if (file.size > LARGEST_DOCUMENT) throw new Fault('corrupt', `read ${name}: it has ${file.size} bytes`);
      return readFile(file.path);
    },
    layers: {
      blob: (digest) => archive.stream(blobName(digest)),
      takeFile: handedOutOnce((digest) => archive.placeOf(blobName(digest))),
    },
  };
}

/** Layers out of files that are whole; each file is handed over to the store once. */
export function spooledLayers(find: (digest: Digest) => SpooledFile | undefined): LayerSource {
  const needed = (digest: Digest): SpooledFile => {
    const file = find(digest);
    if (file === undefined) throw new Fault('corrupt', `the archive has no file for the layer ${digest}`);
    return file;
  };
  return {
    blob: (digest) => createReadStream(needed(digest).path, { highWaterMark: 256 * 1024 }),
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
