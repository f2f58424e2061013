import type { StepSpec } from './step-spec.ts';

/** Steps on network devices, by rtnetlink. */
export const NETWORK_STEPS = {
  /**
   * Moves the device `name` of this network namespace into the one of `target` (a namespace, or the pidfd of a process
   * in it), as `newName` (its own when that is empty; a %d in it is a number that is free there), with the permanent
   * addresses of global scope, and brings it up. EEXIST before anything is done when the name is taken there. What
   * fails after the move takes the device back.
   */
  moveDevice: { code: 93, fields: { target: 'slot', name: 'str', newName: 'str?' } },
} as const satisfies Record<string, StepSpec>;
