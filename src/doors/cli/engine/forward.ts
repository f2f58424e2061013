import type { Launch } from '#kernel/launcher.ts';

const SIGNALS: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
];

/** Hands our signals on to the launcher, which hands them on to its program; the result takes that back. */
export function forwardTo(launch: Pick<Launch, 'kill'>): () => void {
  const listeners = SIGNALS.map((signal) => [signal, () => launch.kill(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
