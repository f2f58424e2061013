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
  /**
   * Sends the netlink messages in `requests`, one after the other, and waits for the answer to each. By the field that
   * is later the sequence number: 0 to rtnetlink of this network namespace, 1 to that of `target` (a namespace, or the
   * pidfd of a process in it), 2 to netfilter of this one. By the field that is later the sender: 0, or an errno that
   * is no failure. `namespaceAt`: where the descriptor of the target's namespace is to be written, 4 bytes each.
   * `names`: what each request is for; that of the failed one is the path of the report.
   */
  netlink: {
    code: 95,
    fields: { target: 'slot?', requests: 'bytes', namespaceAt: 'u32s?', names: 'strs' },
  },
} as const satisfies Record<string, StepSpec>;
