import { signalNumber } from '#kernel/signals.ts';
import { killContainer } from '#runtime/verbs/kill.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';

export const verb: OciVerb = {
  flags: { all: { kind: 'switch', short: 'a', does: 'signal every process of the container' } },
  usage: '<container-id> [signal]',
  act: async ({ flags, rest, runtime }) => {
    await killContainer(runtime, containerId(rest, 2), signalNumber(rest[1] ?? 'TERM'), flags.on('all'));
    return 0;
  },
};
