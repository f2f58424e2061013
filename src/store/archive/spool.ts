import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Fault } from '#base/fault.ts';
import { Spool, type SpooledFile } from './spool-sink.ts';
import { TarReader } from './tar-reader.ts';
import { untilAborted } from './until-aborted.ts';
import { unwrap } from './unwrap.ts';

/** The files of an archive by name, while it is still coming in; each file lies in a private directory. */
export interface SpooledArchive {
  /** A file that is whole by now. Follows the archive's own links. */
  get(name: string): SpooledFile | undefined;
  /** Waits until the file is whole; undefined when the archive ends without it. */
  whole(name: string): Promise<SpooledFile | undefined>;
  /** The bytes of a file as they come, all or a part. Throws `corrupt` when the archive ends without it. */
  stream(name: string, start?: number, end?: number): AsyncGenerator<Uint8Array, void, undefined>;
  /** Where the file lies when it has been streamed to its end. */
  placeOf(name: string): string;
  /**
   * The end of the archive, when nothing is written any more. This and all who wait throw `corrupt` for what is no
   * archive, `cancelled`, and the errors of a full disk.
   */
  readonly ended: Promise<void>;
}

const READ_CHUNK = 256 * 1024;

/** Lays the files of an archive down below `directory`; all of it is there when this resolves. Throws as `ended` does. */
export async function spoolArchive(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<SpooledArchive> {
  const archive = beginSpool(source, directory, signal);
  await archive.ended;
  return archive;
}

/** Begins to lay the files of an archive down below `directory`. */
export function beginSpool(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  signal: AbortSignal | undefined,
): SpooledArchive {
  mkdirSync(directory, { mode: 0o700 });
  const spool = new Spool(directory);
  const news = new News();
  const ended = layDown(untilAborted(source, signal), spool, news);
  ended.catch(() => undefined); // whoever waits is told
  /** Looks again whenever more has come; undefined when the archive has ended without it. */
  const until = async <T>(look: () => T | undefined): Promise<T | undefined> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (news.last) return ended.then(() => undefined);
      await news.next();
    }
  };
  return {
    get: (name) => spool.get(name),
    whole: (name) => until(() => spool.get(name)),
    placeOf: (name) => spool.placeOf(name),
    ended,
    stream: async function* (name, start = 0, end = Infinity) {
      const begun = await until(() => spool.begun(name));
      if (begun === undefined) throw new Fault('corrupt', `the archive has no file ${JSON.stringify(name)}`);
      const { path } = begun;
      const last = Math.min(begun.size, end);
      spool.settle(name, path);
      const handle = await open(path);
      try {
        for (let done = start; done < last;) {
          const there = (await until(() => grown(spool, name, done))) ?? 0;
          const buffer = Buffer.allocUnsafe(Math.min(READ_CHUNK, Math.min(there, last) - done));
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, done);
          if (bytesRead === 0) throw new Fault('internal', `read ${path}: it ends at ${done} of ${there} bytes`);
          done += bytesRead;
          yield buffer.subarray(0, bytesRead);
        }
      } finally {
        await handle.close();
      }
    },
  };
}

/** Bytes that are there, when those are more than `done`. */
function grown(spool: Spool, name: string, done: number): number | undefined {
  const written = spool.begun(name)?.written ?? 0;
  return written > done ? written : undefined;
}

async function layDown(source: AsyncIterable<Uint8Array>, spool: Spool, news: News): Promise<void> {
  try {
    await unwrap(source, async (chunks) => {
      const reader = new TarReader(spool);
      for await (const chunk of chunks) {
        reader.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        news.tell();
      }
      reader.finish();
      spool.finish();
    });
  } finally {
    spool.close();
    news.tell(true);
  }
}

/** Wakes those who wait for more. */
class News {
  last = false;
  #next = Promise.withResolvers<void>();

  next(): Promise<void> {
    return this.#next.promise;
  }

  tell(last = false): void {
    this.last ||= last;
    const told = this.#next;
    this.#next = Promise.withResolvers();
    told.resolve();
  }
}
