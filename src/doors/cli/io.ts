import { once } from 'node:events';

/** The terminal's three streams and what is known of them. */
export interface Io {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: Record<string, string | undefined>;
}

export function print(io: Io, line: string): void {
  io.stdout.write(`${line}\n`);
}

export function warn(io: Io, text: string): void {
  io.stderr.write(`WARNING: ${text}\n`);
}

/** Resolves when all that was written has been taken by the other side, so that an exit loses nothing. */
export async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return;
  await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => undefined);
}
