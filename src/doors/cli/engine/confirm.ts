import { createInterface } from 'node:readline';
import type { Io } from '#doors/cli/io.ts';

/** Asks on standard output and reads one line of standard input; only `y` and `yes` agree. */
export async function confirm(io: Io, question: string): Promise<boolean> {
  io.out(`${question} [y/N] `);
  const lines = createInterface({ input: io.stdin });
  try {
    for await (const line of lines) return /^y(?:es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
    io.stdin.destroy();
  }
}
