import { writeSync } from 'node:fs';

const AGAIN_MS = 2;

/**
 * Writes to a descriptor at once: the streams of `process` cost more to load than most commands take. A reader that has
 * gone is no failure of ours; one that is slow is waited for.
 */
export function outputTo(fd: number): { write(text: string | Uint8Array): void } {
  return {
    write: (text) => {
      const bytes = typeof text === 'string' ? Buffer.from(text) : text;
      for (let at = 0; at < bytes.length;) {
        try {
          at += writeSync(fd, bytes, at);
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          if (code === 'EPIPE') return;
          if (code !== 'EAGAIN') throw error;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS);
        }
      }
    },
  };
}
