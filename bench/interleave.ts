import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generator } from '#tools/random.ts';
import { type Samples, shuffled } from './statistics.ts';

/** One program that is measured: the argument vector of each run, and what has to be put right around it. */
export interface Contender {
  name: string;
  argv: (round: number) => readonly string[];
  /** So many rounds at most: one that is far behind need not be waited for again and again. */
  most?: number;
  env?: Record<string, string>;
  /** Descriptors behind standard error, made anew for each run and closed behind it. */
  extra?: (round: number) => number[];
  /** Not timed. */
  before?: (round: number) => void;
  after?: (round: number) => void;
}

export interface Rounds {
  count: number;
  warmUp: number;
  /** Milliseconds of quiet before each run; 0 for back to back. */
  idle: number;
  /** A directory for the contenders' error output. */
  scratch: string;
}

function runOnce(contender: Contender, round: number, errors: string): number {
  contender.before?.(round);
  const [command = '', ...args] = contender.argv(round);
  const sink = openSync(errors, 'w');
  const extra = contender.extra?.(round) ?? [];
  const begun = performance.now();
  const done = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', sink, ...extra],
    env: { ...process.env, ...contender.env },
  });
  const took = performance.now() - begun;
  for (const fd of [sink, ...extra]) closeSync(fd);
  if (done.status !== 0) {
    const how = done.error?.message ?? `status ${done.status ?? done.signal}`;
    throw new Error(`${contender.name}: ${how}: ${[command, ...args].join(' ')}\n${readFileSync(errors, 'utf8')}`);
  }
  contender.after?.(round);
  return took;
}

/**
 * Runs all contenders once per round, in a new order each round, so that a machine that changes its pace changes it
 * for all of them and none always follows the same other. A run that fails ends the measurement.
 */
export function interleave(contenders: readonly Contender[], rounds: Rounds): Map<string, Samples> {
  const random = generator(rounds.count * 7919 + rounds.idle + 1);
  const errors = join(rounds.scratch, 'stderr');
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = -rounds.warmUp; round < rounds.count; round += 1) {
    for (const contender of shuffled(contenders, random)) {
      if (round >= (contender.most ?? rounds.count)) continue;
      if (rounds.idle > 0) Bun.sleepSync(rounds.idle);
      const took = runOnce(contender, round + rounds.warmUp, errors);
      if (round >= 0) samples.get(contender.name)?.push(took);
    }
  }
  return samples;
}
