import type { Step } from '#kernel/plan.ts';

const ORIGIN = '--pidfd-socket';

/** Steps of the first program that hand a process over: before it is made, so that nobody else holds the socket. */
export function lowerPidfdSocket(path: string | undefined, pidfd: string): { connect: Step[]; send: Step[] } {
  if (path === undefined) return { connect: [], send: [] };
  return {
    connect: [{ op: 'connect', path, out: 'pidfd.socket', origin: ORIGIN }],
    send: [
      { op: 'sendFd', slot: 'pidfd.socket', fd: pidfd, data: 'pidfd', origin: ORIGIN },
      { op: 'close', slot: 'pidfd.socket', origin: ORIGIN },
    ],
  };
}
