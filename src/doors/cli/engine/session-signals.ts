import { constants } from 'node:os';
import type { MonitorConnection } from '#engine/monitor/connection.ts';
import type { RawMode } from './raw-mode.ts';

/** Signals that reach the container's first process in place of ours. */
const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
];

/** With a terminal, control keys come as bytes; who sends these means this process. The container goes on. */
const LEAVING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

type Listeners = ReadonlyMap<NodeJS.Signals, () => void>;

/** Without a terminal of its own, the container gets the signals that we get. */
export const forwarding = (connection: MonitorConnection): Listeners =>
  new Map(FORWARDED.map((signal) => [signal, () => connection.signal(constants.signals[signal])]));

export interface TerminalSession {
  mode: RawMode;
  resize(): void;
  /** Ends the session with this status. */
  leave(status: number): void;
}

/** With one: the window's size is followed, and the terminal's mode is right whenever the shell has it. */
export const atTerminal = ({ mode, resize, leave }: TerminalSession): Listeners =>
  new Map<NodeJS.Signals, () => void>([
    ...LEAVING.map((signal) => [signal, () => leave(128 + constants.signals[signal])] as const),
    ['SIGWINCH', resize],
    [
      'SIGTSTP',
      () => {
        mode.leave();
        process.kill(process.pid, 'SIGSTOP');
      },
    ],
    [
      'SIGCONT',
      () => {
        mode.enter();
        resize();
      },
    ],
  ]);

/** Listens until the result is called. */
export function listen(listeners: Listeners): () => void {
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
