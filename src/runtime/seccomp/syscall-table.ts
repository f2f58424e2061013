import type { Architecture } from './architectures.ts';

/** Calls that are younger than the headers; since 5.0 a new call has one number on every architecture. */
const NEWER =
  'cachestat:451 fchmodat2:452 map_shadow_stack:453 futex_wake:454 futex_wait:455 futex_requeue:456 statmount:457 ' +
  'listmount:458 lsm_get_self_attr:459 lsm_set_self_attr:460 lsm_list_modules:461 mseal:462 setxattrat:463 ' +
  'getxattrat:464 listxattrat:465 removexattrat:466 open_tree_attr:467 file_getattr:468 file_setattr:469';

/** Numbers of the system calls of one architecture by name. */
export function syscallTable({ calls, base = 0 }: Pick<Architecture, 'calls' | 'base'>): ReadonlyMap<string, number> {
  const table = new Map<string, number>();
  // Split by strings: by an expression it would take most of a millisecond.
  for (const line of `${calls}\n${NEWER}`.split('\n')) {
    for (const word of line.split(' ')) {
      const colon = word.indexOf(':');
      if (colon > 0) table.set(word.slice(0, colon), base + Number(word.slice(colon + 1)));
    }
  }
  return table;
}
