import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Contender } from './interleave.ts';
import type { Section } from './report.ts';
import type { Samples } from './statistics.ts';

const ROUNDS = 10;

/** Runs a command and prints what its largest process had resident. */
export function peakProgram(directory: string): string {
  const program = join(directory, 'peak');
  execFileSync('gcc', ['-O1', '-static', '-o', program, join(import.meta.dirname, 'peak.c')]);
  return program;
}

/** The largest process of each command: what the runtime itself needs, as `true` needs less. */
export function peakMemory(contenders: readonly Contender[], directory: string): Section {
  const peak = peakProgram(directory);
  const samples = new Map<string, Samples>(
    contenders.map(({ name, argv }) => [
      name,
      Array.from({ length: ROUNDS }, (_, round) =>
        Number(execFileSync(peak, argv(10_000 + round), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })),
      ),
    ]),
  );
  return {
    title: 'Peak memory of `oci run`',
    about: 'The largest process that takes part, resident, with what it shares; the program is `true`.',
    samples,
    unit: 'KB',
    goals: [{ atMost: 2048 }],
  };
}
