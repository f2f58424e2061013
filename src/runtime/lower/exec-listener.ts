import { Fault } from '#base/fault.ts';
import type { Step } from '#kernel/plan.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { handedOver, handOver, LISTENER, takeListener, type ListenerSubject } from './seccomp-listener.ts';

export const JOINER = 'joiner';
export const PIDFD = 'child';

/** How a further program's pidfd reaches the first program, and the listener of its filter the agent. */
export interface ExecListener {
  /** First program: takes `child`, before it adopts it and after. */
  take: Step[];
  send: Step[];
  /** Joiner, at its end. */
  offer: Step[];
  /** Child, after its filter. */
  seen: Step[];
}

export interface ExecListenerContext {
  spec: Spec;
  /** Who the agent is told of. */
  subject?: Pick<ListenerSubject, 'id' | 'bundle'>;
  init: { pid: number } | 'inherited';
}

/** What the joiner calls between the filter and the child's being made: nobody could answer for it by then. */
const TOO_EARLY = new Set([
  'capget',
  'capset',
  'clone',
  'clone3',
  'getcwd',
  'prctl',
  'setgroups',
  'setresgid',
  'setresuid',
]);

/** With no_new_privs the child loads the filter itself; else the joiner has, while it held the rights to. */
export function lowerExecListener(
  process: Process,
  { spec, subject, init }: ExecListenerContext,
  notifies: boolean,
  ends: { main: string; child: string },
): ExecListener {
  const send: Step = { op: 'sendFd', slot: ends.child, fd: PIDFD, data: 'p' };
  const receive: Step = { op: 'recvFd', slot: ends.main, out: PIDFD };
  if (!notifies) return { take: [receive], send: [], offer: [send], seen: [] };
  if (init === 'inherited')
    throw new Fault('internal', 'Lower a listener: the pid of init has to be known for its agent');
  const agent = { spec, ...(subject ?? { id: '', bundle: '' }), status: 'running', init: init.pid } as const;
  if (process.noNewPrivileges) {
    const handover = { channel: ends.main, holder: PIDFD, pidfd: PIDFD };
    const late = [takeListener(handover), ...handOver(agent, handover)];
    return { take: [receive], send: late, offer: [send], seen: handedOver(ends.child) };
  }
  refuseTooEarly(spec);
  const handover = { channel: ends.main, holder: JOINER, pidfd: PIDFD };
  return {
    take: [takeListener(handover), { op: 'takeFd', slot: ends.main, pidfd: JOINER, out: PIDFD }],
    // One word for each of the two that wait.
    send: [...handOver(agent, handover), { op: 'post', slot: ends.main }],
    offer: [
      { op: 'offerFd', slot: ends.child, fd: LISTENER },
      { op: 'offerFd', slot: ends.child, fd: PIDFD },
      { op: 'wait', slot: ends.child },
    ],
    seen: [{ op: 'wait', slot: ends.child }],
  };
}

function refuseTooEarly(spec: Spec): void {
  for (const [index, { action, names }] of (spec.linux?.seccomp?.syscalls ?? []).entries()) {
    const name = action === 'SCMP_ACT_NOTIFY' ? names.find((one) => TOO_EARLY.has(one)) : undefined;
    if (name === undefined) continue;
    const field = `linux.seccomp.syscalls[${index}]`;
    throw new Fault('unsupported', `${field}: exec cannot ask a listener about ${name}`, {
      field,
      hint: 'With noNewPrivileges the filter is loaded later, and exec can.',
    });
  }
}
