import { CLONE, PROPAGATION, RECURSIVE } from '#kernel/linux.ts';
import type { Program, Step } from '#kernel/plan.ts';
import { from, type NetworkHelper } from './context.ts';

const ORIGIN = '--network';
const [NAME, BINDER] = ['network', 'network.binder'] as const;
const [MAIN, HELPER] = ['to.network', 'from.network'] as const;
const [ASKER, TELLER] = ['to.binder', 'from.binder'] as const;
const MS_BIND = 4096;

/**
 * The programs of the plan that start the helper, and the first program's steps around it. In mounts of its own the container's
 * network namespace is bound on a file: a number below /proc could not be opened by a helper that has given up its rights.
 * Another process does so, as an ordinary user who has entered a network namespace cannot come back to the host's.
 */
export function lowerNetworkHelper(
  helper: NetworkHelper | undefined,
  pidfd: string,
): { programs: Program[]; steps: Step[] } {
  if (helper === undefined) return { programs: [], steps: [] };
  const start: Step[] = [
    { op: 'close', slot: MAIN },
    { op: 'propagation', flags: PROPAGATION.slave | RECURSIVE },
    ...called(BINDER, ASKER, TELLER, 0),
    { op: 'hook', path: helper.path, argv: [...helper.argv], env: [...helper.env], timeout: 30, head: '' },
    { op: 'post', slot: HELPER },
  ];
  const bind: Step[] = [
    { op: 'close', slot: ASKER },
    { op: 'setns', slot: pidfd, flags: CLONE.newnet },
    { op: 'mount', source: '/proc/self/ns/net', target: helper.file, flags: MS_BIND },
    { op: 'post', slot: TELLER },
  ];
  return {
    programs: [
      { name: NAME, steps: from(ORIGIN, start) },
      { name: BINDER, steps: from(ORIGIN, bind) },
    ],
    steps: from(ORIGIN, called(NAME, MAIN, HELPER, CLONE.newns)),
  };
}

/** Runs a program of the plan and waits for its word. */
function called(program: string, own: string, its: string, flags: number): Step[] {
  return [
    { op: 'channel', a: own, b: its },
    { op: 'clone', program, flags, out: `${program}.process` },
    { op: 'close', slot: its },
    { op: 'wait', slot: own },
    { op: 'close', slot: own },
  ];
}
