import { open, truncate, type FileHandle } from 'node:fs/promises';
import type { Digester } from '#store/digest.ts';
import type { Chunk } from './port.ts';
import { refusal } from './refusal.ts';

/** Before a byte is read: does it fit behind the `size` bytes that are there, and is it what it says? */
export function checkChunk({ range, length }: Chunk, size: number): void {
  if (range === undefined) return;
  if (range.start !== size) {
    throw refusal('BLOB_UPLOAD_INVALID', `the chunk begins at ${range.start} and ${size} bytes are there`, 416);
  }
  const wanted = range.end - range.start + 1;
  if (wanted < 1 || (length !== undefined && length !== wanted)) {
    throw refusal('SIZE_INVALID', `the range is of ${wanted} bytes and the content of ${length ?? 0}`);
  }
}

interface Writing {
  size: number;
  chunk: Chunk;
  digester?: Digester;
}

/** Writes a chunk behind the bytes that are there; gives the new size. What is longer or shorter than it said leaves nothing. */
export async function writeChunk(path: string, { size, chunk, digester }: Writing): Promise<number> {
  const { bytes, range } = chunk;
  const end = range === undefined ? undefined : range.end + 1;
  const handle = await open(path, 'r+');
  let at = size;
  let whole = false;
  let tooLong = false;
  try {
    for await (const piece of bytes) {
      tooLong = end !== undefined && at + piece.length > end;
      if (tooLong) break;
      await writeAll(handle, piece, at);
      digester?.update(piece);
      at += piece.length;
    }
    whole = true;
  } finally {
    await handle.close();
  }
  if (!whole || end === undefined || (at === end && !tooLong)) return at;
  await truncate(path, size);
  throw refusal('SIZE_INVALID', `the content is not as long as its range of ${end - size} bytes`);
}

async function writeAll(handle: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < piece.length;) {
    done += (await handle.write(piece, done, piece.length - done, position + done)).bytesWritten;
  }
}

export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
