import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '#base/process-identity.ts';
import { readExit, type ExitStatus } from '#engine/monitor/exit-file.ts';
import { monitorLives } from '#engine/monitor/liveness.ts';

export type ContainerStatus = 'created' | 'running' | 'restarting' | 'exited' | 'dead';

/** Its monitor keeps it going: it runs, or will run again by itself. */
export const isUp = ({ status }: Pick<ContainerState, 'status'>): boolean =>
  status === 'running' || status === 'restarting';

/** What a container is right now, asked from its lock, its files and its process. */
export interface ContainerState {
  status: ContainerStatus;
  /** The first process of a running container, in our pid namespace. */
  pid?: number;
  /** When the running container started; milliseconds since 1970. */
  startedAt?: number;
  /** How the last run ended. */
  exit?: ExitStatus;
}

/** Error text of an exit that the monitor did not live to write. */
export const MONITOR_KILLED = 'the monitor of this container was killed';

/**
 * `dead` is a container whose monitor went away without a word, now or in an exit that was written for it. An `exit`
 * file is removed by the monitor under its lock when a run begins, so where there is one, the run is over. If another
 * is to follow it stays until that one has begun, which a `pid` beside it tells.
 */
export function observe(directory: string): ContainerState {
  const exit = readExit(directory);
  if (exit !== undefined && exit.restarting === undefined) return ended(exit);
  const init = readInit(directory);
  if (monitorLives(directory)) {
    if (init !== undefined) return { status: 'running', pid: init.pid, startedAt: init.since };
    if (exit !== undefined) return { status: 'restarting', exit };
    // A run may have ended since the first look.
    return readExit(directory) === undefined ? { status: 'created' } : observe(directory);
  }
  return last(directory, init);
}

/** What the monitor left. */
function last(directory: string, init: InitProcess | undefined): ContainerState {
  // It may have ended properly since the first look.
  const late = readExit(directory);
  if (late !== undefined && (late.restarting === undefined || init === undefined)) return ended(late);
  return init === undefined ? { status: 'created' } : { status: 'dead', startedAt: init.since };
}

const ended = (exit: ExitStatus): ContainerState => ({
  status: exit.error === MONITOR_KILLED ? 'dead' : 'exited',
  exit,
});

export interface InitProcess {
  pid: number;
  /** Clock ticks since boot; with the pid it names one process for ever. */
  startTime: string;
  /** Looked for when it is asked. */
  readonly alive: boolean;
  since: number;
}

/** The container's first process as its launch plan wrote it down. */
export function readInit(directory: string): InitProcess | undefined {
  const path = join(directory, 'pid');
  let text: string;
  let since: number;
  try {
    text = readFileSync(path, 'latin1');
    since = statSync(path).mtimeMs;
  } catch {
    // There is none, or its run has just ended and another is to come.
    return undefined;
  }
  const [pid, startTime = ''] = text.trim().split(' ');
  return {
    pid: Number(pid),
    startTime,
    get alive() {
      return isAlive(`${pid}:${startTime}`);
    },
    since: Math.floor(since),
  };
}
