import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOwned } from '#tools/owned-process.ts';

export interface Daemon {
  stop(): Promise<void>;
}

const TRIES = 200;

/** Starts a daemon and waits until `answers` ends well; its output goes to a file. */
export async function startDaemon(
  argv: readonly string[],
  answers: readonly string[],
  logFile: string,
): Promise<Daemon> {
  const [command = '', ...args] = argv;
  const sink = openSync(logFile, 'a');
  const daemon = startOwned(command, args, { stdio: ['ignore', sink, sink] });
  closeSync(sink);
  let dead = false;
  daemon.ended.then(
    () => (dead = true),
    () => (dead = true),
  );
  const [program = '', ...words] = answers;
  for (let tries = 0; tries < TRIES && !dead; tries += 1) {
    if (spawnSync(program, words, { stdio: 'ignore' }).status === 0) return daemon;
    await sleep(50);
  }
  await daemon.stop();
  throw new Error(`${command} did not start: ${readFileSync(logFile, 'utf8').split('\n').slice(-3).join(' ')}`);
}
