import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { blobName, bounded, LARGEST_DOCUMENT, type LoadContent } from './content.ts';

/** A document of a directory; undefined when it is not there. Throws `corrupt` for what is too large to be one. */
export async function documentIn(directory: string, name: string): Promise<Buffer | undefined> {
  const handle = await openPlain(directory, name);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    if (size > LARGEST_DOCUMENT) throw new Fault('corrupt', `read ${join(directory, name)}: it has ${size} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** An OCI layout directory as content to load. It may be anybody's: only plain files in it are read. */
export function directoryContent(directory: string): LoadContent {
  return {
    document: bounded((name) => documentIn(directory, name)),
    layers: {
      blob: (digest, _, rest) => streamOf(directory, blobName(digest), { start: rest?.start ?? 0 }),
      part: (digest, start, end) => streamOf(directory, blobName(digest), { start, end: end - 1 }),
    },
  };
}

/** The bytes of a file, all or from `start` to `end`. */
export async function* streamOf(
  directory: string,
  name: string,
  part: { start?: number; end?: number } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await openPlain(directory, name);
  if (handle === undefined) throw new Fault('corrupt', `the layout ${directory} has no ${name}`);
  yield* handle.createReadStream({ highWaterMark: 1024 * 1024, ...part }) as AsyncIterable<Buffer>;
}

/** Neither through a link nor, for ever, from a pipe. */
async function openPlain(directory: string, name: string): Promise<FileHandle | undefined> {
  const path = join(directory, name);
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Fault('corrupt', `read ${path}`, { cause, facts: { path } });
  });
  if (handle === undefined || (await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Fault('corrupt', `read ${path}: it is no plain file`, { facts: { path } });
}
