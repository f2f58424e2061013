import type { Program, Step } from '#kernel/plan.ts';
import type { Spec } from '#runtime/spec/spec.ts';

/** Readiness for a service manager (sd_notify): the container has a socket of its own in `directory`. */
export interface Notify {
  /** On the host: a directory that is bound into the container. */
  directory: string;
  /** The service manager's socket. */
  to: string;
}

const ORIGIN = 'NOTIFY_SOCKET';
const INSIDE = '/run/notify';
const SOCKET = 'notify';

/** The configuration with the socket in sight, and its name in the program's environment. */
export function withNotify(spec: Spec, notify: Notify | undefined): Spec {
  const { process: program } = spec;
  if (notify === undefined || program === undefined) return spec;
  const options = ['bind', 'nosuid', 'noexec', 'nodev', 'ro'];
  const mount = { destination: INSIDE, type: 'bind', source: notify.directory, options };
  return {
    ...spec,
    mounts: [...(spec.mounts ?? []), mount],
    process: { ...program, env: [...(program.env ?? []), `NOTIFY_SOCKET=${INSIDE}/notify.sock`] },
  };
}

/** Before the program runs, so that it finds somebody who listens. */
export function openNotify({ directory }: Notify): Step {
  return { op: 'notifySocket', directory, out: SOCKET, onError: 'warn', origin: ORIGIN };
}

/** Waits until the program in pidfd is ready, or has ended. */
export function awaitReady({ to }: Notify, pidfd: string): Step {
  return { op: 'notify', socket: SOCKET, to, pidfd, onError: 'warn', origin: ORIGIN };
}

/** For a first program that has other things to do: a process that waits in its place. */
export function notifyProgram(notify: Notify, pidfd: string): { program: Program; start: Step[] } {
  return {
    program: { name: 'notify', steps: [awaitReady(notify, pidfd)] },
    start: [
      { op: 'clone', program: 'notify', flags: 0, out: 'notifier', origin: ORIGIN },
      { op: 'close', slot: SOCKET, onError: 'missing', origin: ORIGIN },
    ],
  };
}
