/** What the program waits for: timers, children and signals. The host calls `tick` whenever no promise is left to run. */
import { signals } from 'front:constants';
import { host } from './host.ts';

type Ended = (status: number | null, signal: string | null) => void;

interface Timer {
  at: number;
  done: () => void;
}
let timers: Timer[] = [];
const children = new Map<number, Ended>();
const listeners = new Map<number, Set<() => void>>();
const watchers = new Map<number, () => void>();
let finished: number | undefined;

/** The status that the process ends with once nothing is left to do. */
export const finish = (status: number): void => void (finished = status);

export function later(milliseconds: number, done: () => void): Timer {
  const timer = { at: host.monotonic() + milliseconds, done };
  timers.push(timer);
  return timer;
}

export function forget(timer: Timer | undefined): void {
  timers = timers.filter((other) => other !== timer);
}

export const onEnd = (pid: number, ended: Ended): void => void children.set(pid, ended);

/** Calls back whenever the descriptor can be read (or written), until it is forgotten. */
export function watch(fd: number, to: 'read' | 'write', ready: (() => void) | undefined): void {
  const word = fd * 2 + (to === 'write' ? 1 : 0);
  if (ready === undefined) watchers.delete(word);
  else watchers.set(word, ready);
}

export function onSignal(name: string, listener: () => void): void {
  const number = signals()[name] ?? 0;
  const set = listeners.get(number) ?? new Set();
  listeners.set(number, set.add(listener));
  host.listen(number, true);
}

export function offSignal(name: string, listener: () => void): void {
  const number = signals()[name] ?? 0;
  const set = listeners.get(number);
  set?.delete(listener);
  if (set?.size === 0) host.listen(number, false);
}

const nameOf = (number: number): string =>
  Object.keys(signals()).find((name) => signals()[name] === number) ?? 'SIGKILL';

export function tick(): number | null {
  if (finished !== undefined) return finished;
  timers.sort((left, right) => left.at - right.at);
  const first = timers[0];
  if (first === undefined && children.size === 0 && watchers.size === 0) throw new Error('nothing is left to wait for');
  const patience = first === undefined ? -1 : Math.ceil(first.at - host.monotonic());
  // First of all, or what is always ready would keep it waiting for ever.
  if (first !== undefined && patience <= 0) {
    timers.shift();
    first.done();
    return null;
  }
  const event = host.next(patience, [...watchers.keys()]);
  if (event === null) return null;
  if (event[0] === 'ready') watchers.get(event[1])?.();
  else if (event[0] === 'signal') for (const listener of listeners.get(event[1]) ?? []) listener();
  else {
    const [, pid, status] = event;
    const signal = status & 0x7f;
    children.get(pid)?.(signal === 0 ? (status >> 8) & 0xff : null, signal === 0 ? null : nameOf(signal));
    children.delete(pid);
  }
  return null;
}
