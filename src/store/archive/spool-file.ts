import { open } from 'node:fs/promises';
import { Digester, type Digest } from '#store/digest.ts';
import type { SpooledFile } from './spool-sink.ts';

/** Writes a stream to a new file and hashes it on the way. */
export async function spoolFile(source: AsyncIterable<Uint8Array>, path: string): Promise<SpooledFile> {
  const digester = new Digester();
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of source) {
      digester.update(chunk);
      for (let done = 0; done < chunk.length;) done += (await handle.write(chunk, done)).bytesWritten;
    }
  } finally {
    await handle.close();
  }
  return { path, size: digester.size, digest: digester.digest() };
}

/** Digest of a stream's bytes. */
export async function digestOfStream(source: AsyncIterable<Uint8Array>): Promise<Digest> {
  const digester = new Digester();
  for await (const chunk of source) digester.update(chunk);
  return digester.digest();
}
