import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Fault } from '#base/fault.ts';

/** Writes a file aside and renames it, so that a part is never taken for the whole. */
export async function writeArchive(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const aside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  const handle = await open(aside, 'wx', 0o600).catch((cause: unknown) => {
    throw new Fault('invalid', `write to ${path}`, { cause, facts: { path } });
  });
  try {
    for await (const chunk of chunks) {
      if (signal?.aborted === true) throw new Fault('cancelled', `write ${path}`, { cause: signal.reason });
      for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at, chunk.length - at)).bytesWritten;
    }
    await handle.sync();
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
