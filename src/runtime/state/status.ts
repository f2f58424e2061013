import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { startTime } from '#base/process-identity.ts';
import type { ContainerDirectory } from './container-directory.ts';

export type Status = 'creating' | 'created' | 'running' | 'stopped';

export interface Init {
  pid: number;
  startTime: string;
}

export interface Observed {
  status: Status;
  /** Init, while it lives. */
  init: Init | undefined;
}

/** Asks the kernel how a container is: init by pid and start time, and whether somebody waits at the fifo. */
export function observe(directory: ContainerDirectory): Observed {
  const init = readPid(directory);
  if (init === undefined) return { status: 'creating', init: undefined };
  if (startTime(init.pid) !== init.startTime) return { status: 'stopped', init: undefined };
  return { status: waitsAtFifo(directory.go) ? 'created' : 'running', init };
}

function readPid({ pid }: ContainerDirectory): Init | undefined {
  try {
    const [number, start] = readFileSync(pid, 'latin1').trim().split(' ');
    return number === undefined || start === undefined ? undefined : { pid: Number(number), startTime: start };
  } catch {
    return undefined;
  }
}

/** A fifo without a reader refuses a writer that will not wait. Whoever makes a container has it open as well. */
export function waitsAtFifo(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}
