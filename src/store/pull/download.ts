import { constants, rmSync, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { Descriptor } from '#store/image/manifest.ts';
import type { LayerSource } from './layers.ts';
import { tooLarge } from './verified.ts';

export interface DownloadRequest {
  descriptor: Descriptor;
  source: LayerSource;
  /** Where the beginning is, if there is one, and where the rest is put. */
  path: string;
  /** Is told how many bytes are there. */
  onArrived(done: number): void;
  signal: AbortSignal;
}

export interface Download {
  /** Bytes that were there from before. */
  readonly resumed: number;
  /** The bytes from the first one, read from the file. To be read once, or not at all. */
  bytes(): AsyncIterable<Uint8Array>;
  /** Stops it; the file stays as it is, unless nothing has come. */
  close(): Promise<void>;
}

const READ = 1024 * 1024;

/**
 * Fetches a blob into a file as fast as it comes, while it is read from there: unpacking is slower than most networks,
 * and what has not been taken from the connection is lost when the process dies.
 */
export async function startDownload(request: DownloadRequest): Promise<Download> {
  const { descriptor, source, path } = request;
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  const resumed = await usable(handle, descriptor.size);
  const stopping = new AbortController();
  const signal = AbortSignal.any([request.signal, stopping.signal]);
  const tide = new Tide(resumed);
  request.onArrived(resumed);
  const content = source.blob(descriptor.digest, descriptor.size, { start: resumed, signal });
  const filling = fill(handle, content, tide, request).then(
    () => tide.end(undefined),
    (error: unknown) => tide.end({ error }),
  );
  return {
    resumed,
    bytes: () => drain(handle, tide),
    close: async () => {
      stopping.abort();
      await filling;
      await handle.close();
      if (tide.level === 0) rmSync(path, { force: true });
    },
  };
}

/** How much of the file can be a beginning of the blob. */
async function usable(handle: FileHandle, size: number): Promise<number> {
  const there = (await handle.stat()).size;
  if (there <= size) return there;
  await handle.truncate(0);
  return 0;
}

async function fill(
  handle: FileHandle,
  content: AsyncIterable<Uint8Array>,
  tide: Tide,
  { descriptor, onArrived }: DownloadRequest,
): Promise<void> {
  for await (const chunk of content) {
    if (tide.level + chunk.length > descriptor.size) throw tooLarge(descriptor);
    // Into the page cache, at once: a thread's way there and back would cost more, and the bytes are safe from a kill.
    for (let done = 0; done < chunk.length;) {
      done += writeSync(handle.fd, chunk, done, chunk.length - done, tide.level + done);
    }
    tide.rise(chunk.length);
    onArrived(tide.level);
  }
}

async function* drain(handle: FileHandle, tide: Tide): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; ;) {
    while (at < tide.level) {
      tide.check();
      const chunk = Buffer.allocUnsafe(Math.min(READ, tide.level - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
    if (tide.ended && at >= tide.level) return tide.check();
    await tide.moved();
  }
}

/** How far a file is filled, for the one who reads behind. */
class Tide {
  level: number;
  ended = false;
  #failure: { error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(level: number) {
    this.level = level;
  }

  rise(bytes: number): void {
    this.level += bytes;
    this.#wake();
  }

  end(failure: { error: unknown } | undefined): void {
    this.#failure = failure;
    this.ended = true;
    this.#wake();
  }

  /** Throws what the filling ended with. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Resolves at the next change; nothing may have happened since the caller looked. */
  moved(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
