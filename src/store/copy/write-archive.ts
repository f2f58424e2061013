import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { writeAside } from './write-aside.ts';

/** Writes an archive; what is at its path stays as it is until the new one is whole. */
export async function writeArchive(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const aside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  await writeAside({ path, aside, mode: 0o600 }, untilCancelled(path, chunks, signal)).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).path !== aside) throw cause;
    throw new Fault('invalid', `write to ${path}`, { cause, facts: { path } });
  });
}

async function* untilCancelled(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    if (signal?.aborted === true) throw new Fault('cancelled', `write ${path}`, { cause: signal.reason });
    yield chunk;
  }
}
