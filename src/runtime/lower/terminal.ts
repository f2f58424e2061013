import { Fault } from '#base/fault.ts';
import type { Step } from '#kernel/plan.ts';
import type { Process } from '#runtime/spec/spec.ts';
import type { LowerContext } from './context.ts';

export interface LoweredTerminal {
  /** First program, before the clone. */
  connect: Step[];
  /** Child: after the pivot. */
  open: Step[];
  /** First program: takes the master, when it relays the terminal itself. */
  take: Step[];
  /** Slot of the terminal that the first program relays. */
  relay: string | undefined;
}

const ORIGIN = 'process.terminal';

/**
 * `channel` is the child's end of the channel to the first program, `mainChannel` the other one; `console` binds the
 * terminal over /dev/console, which a further program of a running container must not do.
 */
export function lowerTerminal(
  process: Process,
  { terminal }: Pick<LowerContext, 'terminal'>,
  channel: string,
  mainChannel: string,
  console = true,
): LoweredTerminal {
  if (!process.terminal) {
    if (terminal.kind === 'socket') {
      throw new Fault('invalid', 'A console socket is for process.terminal: true', { field: ORIGIN });
    }
    return { connect: [], open: [{ op: 'setsid', origin: ORIGIN }, ...ownStdio(process)], take: [], relay: undefined };
  }
  const open = openTerminal(process, console);
  if (terminal.kind === 'none') {
    throw new Fault('invalid', 'process.terminal: a detached container with a terminal needs a console socket', {
      field: ORIGIN,
      hint: 'Give --console-socket, or set process.terminal to false',
    });
  }
  if (terminal.kind === 'relay') {
    open.push({ op: 'sendFd', slot: channel, fd: 'master', data: 'm', origin: ORIGIN }, closeMaster());
    const take: Step = { op: 'recvFd', slot: mainChannel, out: 'terminal', origin: ORIGIN };
    return { connect: [], open, take: [take], relay: 'terminal' };
  }
  open.push({ op: 'sendFd', slot: 'console', fd: 'master', data: '/dev/ptmx', origin: ORIGIN }, closeMaster(), {
    op: 'close',
    slot: 'console',
    origin: ORIGIN,
  });
  if (terminal.kind === 'inherited') return { connect: [], open, take: [], relay: undefined };
  const connect: Step = { op: 'connect', path: terminal.path, out: 'console', origin: '--console-socket' };
  return { connect: [connect], open, take: [], relay: undefined };
}

function closeMaster(): Step {
  return { op: 'close', slot: 'master', origin: ORIGIN };
}

function openTerminal({ consoleSize, user }: Process, console: boolean): Step[] {
  return [
    {
      op: 'pty',
      root: 'root',
      master: 'master',
      peer: 'peer',
      rows: consoleSize?.height ?? 0,
      columns: consoleSize?.width ?? 0,
      uid: user.uid,
      noConsole: console ? 0 : 1,
      origin: ORIGIN,
    },
    { op: 'setsid', origin: ORIGIN },
    { op: 'controllingTty', slot: 'peer', origin: ORIGIN },
    { op: 'stdio', in: 'peer', out: 'peer', err: 'peer', origin: ORIGIN },
    { op: 'close', slot: 'peer', origin: ORIGIN },
  ];
}

/** Pipes become the user's, so that /dev/stdout can be opened again. */
function ownStdio({ user }: Process): Step[] {
  return user.uid === 0 ? [] : [{ op: 'chownStdio', uid: user.uid, origin: 'process.user.uid' }];
}
