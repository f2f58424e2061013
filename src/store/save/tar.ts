import { posix } from 'node:path';
import { END_OF_ARCHIVE, filler, plainHeader } from '#store/archive/tar-write.ts';
import type { SavedFile } from './save.ts';

/** The files as a tar archive, directories before what is in them. The same images give the same bytes. */
export async function* tarOf(files: readonly SavedFile[]): AsyncGenerator<Uint8Array, void, undefined> {
  const directories = new Set<string>();
  for (const { name, size, content } of files) {
    for (const directory of parentsOf(name)) {
      if (directories.has(directory)) continue;
      directories.add(directory);
      yield plainHeader(`${directory}/`, 0, 'directory');
    }
    yield plainHeader(name, size);
    yield* content;
    yield filler(size);
  }
  yield END_OF_ARCHIVE;
}

function parentsOf(name: string): string[] {
  const parent = posix.dirname(name);
  return parent === '.' ? [] : [...parentsOf(parent), parent];
}
