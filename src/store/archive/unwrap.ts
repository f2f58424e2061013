import { Fault } from '#base/fault.ts';
import { asCorrupt, decompress, magicOf, type Compression } from './decompress.ts';

/** How far a whole archive may grow: real ones hold compressed layers, so this is far above them. */
export const ARCHIVE_GROWTH = { base: 1024 * 1024 * 1024, ratio: 200 };

const HEAD = 6;
/** What others compress archives with and is not read here. */
const OTHERS: readonly (readonly [magic: string, name: string, program: string])[] = [
  ['\xfd7zXZ\0', 'xz', 'xz -dc'],
  ['BZh', 'bzip2', 'bzip2 -dc'],
];

/** The first bytes of a stream, and the whole stream again. */
export async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Buffer; all: AsyncGenerator<Uint8Array, void, undefined> }> {
  const iterator = source[Symbol.asyncIterator]();
  const read: Uint8Array[] = [];
  let size = 0;
  while (size < HEAD) {
    const next = await iterator.next();
    if (next.done === true) break;
    read.push(next.value);
    size += next.value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* read;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head: Buffer.concat(read).subarray(0, HEAD), all: all() };
}

/** Throws `unsupported` for the compressions of others. */
export function compressionIn(head: Buffer): Compression {
  for (const [magic, name, program] of OTHERS) {
    if (!head.toString('latin1').startsWith(magic)) continue;
    throw new Fault('unsupported', `read the archive: it is compressed with ${name}`, {
      hint: `Decompress it on the way in: ${program} FILE | sampan ...`,
    });
  }
  return magicOf(head);
}

/**
 * Passes an archive on without its compression, gzip, zstd or none, found by its first bytes. `sink` gets the plain
 * bytes. Throws `corrupt` for damaged data and for what grows beyond all measure.
 */
export async function unwrap(
  source: AsyncIterable<Uint8Array>,
  sink: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const { head, all } = await peek(source);
  const compression = compressionIn(head);
  if (compression === 'none') return sink(all);
  let taken = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of all) {
      taken += chunk.length;
      yield chunk;
    }
  };
  const bounded = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => sink(limited(chunks, () => taken));
  try {
    await decompress(counted(), compression, bounded);
  } catch (error) {
    throw asCorrupt(error);
  }
}

async function* limited(
  chunks: AsyncIterable<Uint8Array>,
  taken: () => number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > ARCHIVE_GROWTH.base + ARCHIVE_GROWTH.ratio * taken()) {
      throw new Fault('corrupt', `decompress the archive: ${size} bytes came out of ${taken()}`, {
        hint: 'It looks like a decompression bomb.',
      });
    }
    yield chunk;
  }
}
