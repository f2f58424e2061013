import { Fault } from '#base/fault.ts';
import type { Io } from '#doors/cli/io.ts';

/**
 * Standard input as the bytes of an archive, and a way to let go of it: a read that is pending would keep the process
 * alive. A person at a terminal has forgotten to name a file.
 */
export async function withArchiveInput<T>(io: Io, work: (input: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T> {
  if (io.stdin.isTTY === true) {
    throw new Fault('invalid', 'an archive is not read from a terminal', {
      hint: 'Name a file, or redirect standard input.',
    });
  }
  try {
    return await work(io.stdin as AsyncIterable<Uint8Array>);
  } finally {
    io.stdin.destroy();
  }
}
