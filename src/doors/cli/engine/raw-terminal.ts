import { plainOutput } from '#engine/container/plain-output.ts';
import type { Engine } from '#engine/engine.ts';
import type { Io } from '#doors/cli/io.ts';
import type { AttachOptions } from './attached.ts';

/**
 * Keys go to the container as they are typed, and what it shows is shown unchanged, as long as `work` takes; the
 * terminal is then as it was before, whatever happened, an exit of this process included.
 */
export async function withRawTerminal<T>(
  engine: Engine,
  { tty, interactive }: AttachOptions,
  io: Io,
  work: () => Promise<T>,
): Promise<T> {
  if (!tty || !interactive || io.stdin.isTTY !== true) return work();
  const restore = (): void => void io.stdin.setRawMode(false);
  io.stdin.setRawMode(true);
  process.once('exit', restore);
  try {
    await plainOutput(engine.launcher);
    return await work();
  } finally {
    process.off('exit', restore);
    restore();
  }
}
