import { readlinkSync } from 'node:fs';
import type { Launch } from '#kernel/launcher.ts';

const HANDED_ON: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGCONT'];
/** A terminal sends these to the launcher as well as to us; only when there is none are they ours to hand on. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/** Hands signals on to the launcher, which hands them on to the container; the result takes that back. */
export function handOnSignals(launch: Pick<Launch, 'kill'>): () => void {
  const terminal = isTerminal();
  const listeners = [
    ...HANDED_ON.map((signal) => [signal, () => launch.kill(signal)] as const),
    ...FROM_TERMINAL.map((signal) => [signal, () => (terminal ? undefined : launch.kill(signal))] as const),
  ];
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}

/** Asked of /proc, since loading node:tty takes longer than a container does. */
function isTerminal(): boolean {
  try {
    return /^\/dev\/(pts\/|tty|console)/.test(readlinkSync('/proc/self/fd/0'));
  } catch {
    return false;
  }
}
