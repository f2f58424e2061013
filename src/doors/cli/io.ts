import { once } from 'node:events';
import { visible } from '#base/visible.ts';
import { outputTo } from './output.ts';

/** The terminal's three streams, each loaded when it is first asked for, and direct ways to the last two. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Writes at once, without loading the stream. Waits for a slow reader, so it is not for what a
   * running container sends. */
  out(text: string | Uint8Array): void;
  err(text: string | Uint8Array): void;
  env: Readonly<Record<string, string | undefined>>;
}

/** The streams of this process. */
export function processIo(env: Io['env']): Io {
  const [out, err] = [outputTo(1), outputTo(2)];
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    out: out.write,
    err: err.write,
    env,
  };
}

export function print(io: Io, line: string): void {
  io.out(`${line}\n`);
}

export function warn(io: Io, text: string): void {
  io.err(`WARNING: ${visible(text)}\n`);
}

/** Resolves when all that was written has been taken by the other side, so that an exit loses nothing. */
export async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return;
  await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => undefined);
}
