import { Fault } from '#base/fault.ts';
import { writeDirectory } from '#store/save/directory.ts';
import { tarOf } from '#store/save/tar.ts';
import type { SaveFormat } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';

export const SAVE_FORMATS = ['docker-archive', 'oci-archive', 'oci-dir'] as const satisfies readonly SaveFormat[];

export function isSaveFormat(text: string): text is SaveFormat {
  return (SAVE_FORMATS as readonly string[]).includes(text);
}

export interface SaveRequest {
  names: readonly string[];
  format: SaveFormat;
  /** Of names that mean an index, all that it leads to. */
  allPlatforms: boolean;
  /** For `oci-dir`. */
  directory: string | undefined;
  /** For archives: takes the bytes. */
  write: (chunks: AsyncIterable<Uint8Array>) => Promise<void>;
}

/** Writes images with the blobs as they are in the store, digests and all. */
export async function saveImages(engine: Engine, request: SaveRequest): Promise<void> {
  const { names, format, allPlatforms, directory, write } = request;
  await engine.store[allPlatforms ? 'saveAll' : 'save'](names, format, (files) => {
    if (format !== 'oci-dir') return write(tarOf(files));
    if (directory === undefined)
      throw new Fault('invalid', 'save to a directory: none is named', { field: '--output' });
    return writeDirectory(directory, files);
  });
}
