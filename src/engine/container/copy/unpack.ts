import { Fault, isFault } from '#base/fault.ts';
import type { Launcher } from '#kernel/launcher.ts';
import { StepQueue } from '#store/archive/step-queue.ts';
import { TarReader } from '#store/archive/tar-reader.ts';
import { CopySteps, type CopyWish } from './steps.ts';

const BATCH = 128 * 1024;

/** Unpacks an archive below a directory, given as a path that is opened at once. Gives the bytes of its files. */
export async function unpackCopy(
  launcher: Launcher,
  archive: AsyncIterable<Uint8Array>,
  target: string,
  wish: CopyWish,
): Promise<number> {
  const applier = launcher.apply(target);
  const queue = new StepQueue();
  const steps = new CopySteps(queue, wish);
  const reader = new TarReader(steps);
  const send = async (): Promise<void> => {
    for (const part of queue.take()) await applier.write(part);
  };
  try {
    for await (const chunk of archive) {
      reader.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      if (queue.size >= BATCH) await send();
    }
    reader.finish();
    steps.finish();
    await send();
    await applier.end();
    return steps.bytes;
  } catch (error) {
    applier.abort();
    await applier.end().catch(() => undefined);
    throw inWords(error);
  }
}

/** Refusals of the launcher that people meet. */
const WORDS: Readonly<Record<string, string>> = {
  EISDIR: 'a directory is not overwritten with something else',
  ENOTDIR: 'something else is not overwritten with a directory',
  EROFS: 'it is mounted read-only',
  EBUSY: 'a mount is in its place',
};

function inWords(error: unknown): unknown {
  if (!isFault(error)) return error;
  const { errno, path } = error.facts;
  const why = typeof errno === 'string' && Object.hasOwn(WORDS, errno) ? WORDS[errno] : undefined;
  if (why === undefined) return error;
  return new Fault('conflict', `copy to ${String(path)}: ${why}`, { cause: error, facts: error.facts });
}
