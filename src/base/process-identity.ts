import { readFileSync } from 'node:fs';

/**
 * A process named so that a recycled pid is never mistaken for it: `PID:STARTTIME`, the second being field 22 of
 * /proc/PID/stat (clock ticks since boot).
 */
export type ProcessIdentity = `${number}:${string}`;

/** The start time of a live process that is not a zombie, or undefined when there is none of this pid. */
export function startTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command name may hold anything, so count from the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** The identity of a live process. */
export function identify(pid: number): ProcessIdentity | undefined {
  const start = startTime(pid);
  return start === undefined ? undefined : `${pid}:${start}`;
}

export function isAlive(identity: string): boolean {
  const [pid, start] = identity.split(':');
  return start !== undefined && startTime(Number(pid)) === start;
}
