import { open, rename, rm } from 'node:fs/promises';

export interface AsideFile {
  path: string;
  /** Where it is written first, on the same file system; nothing of that name may be there. */
  aside: string;
  mode: number;
}

/** Writes a file aside, flushes it and renames it, so that a part is never taken for the whole. */
export async function writeAside({ path, aside, mode }: AsideFile, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(aside, 'wx', mode);
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk);
    await handle.sync();
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
