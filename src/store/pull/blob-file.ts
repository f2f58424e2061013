import { open, type FileHandle } from 'node:fs/promises';

/** A blob being written aside. */
export interface BlobFile {
  readonly path: string;
  /** Writes in order; waits for the write before, not for this one. */
  write(chunk: Uint8Array): Promise<void>;
  /** Waits until all is written. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export async function createBlobFile(path: string): Promise<BlobFile> {
  const handle = await open(path, 'wx', 0o600);
  let pending: Promise<void> = Promise.resolve();
  return {
    path,
    write: async (chunk) => {
      await pending;
      pending = writeAll(handle, chunk);
      pending.catch(() => undefined); // seen by the next write or by finish
    },
    finish: () => pending,
    close: async () => {
      await pending.catch(() => undefined);
      await handle.close();
    },
  };
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done);
    done += bytesWritten;
  }
}
