import { signalNumber } from '#kernel/signals.ts';
import { killContainer } from '#runtime/verbs/kill.ts';
import { eachMatching, REGEX } from './by-pattern.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';

export const verb: OciVerb = {
  flags: { all: { kind: 'switch', short: 'a', does: 'signal every process of the container' }, ...REGEX },
  usage: '<container-id> [signal]',
  act: async ({ flags, rest, runtime }) => {
    const id = containerId(rest, 2);
    const signal = signalNumber(rest[1] ?? 'TERM');
    const kill = (one: string): Promise<void> => killContainer(runtime, one, signal, flags.on('all'));
    await (flags.on('regex') ? eachMatching(runtime, id, kill) : kill(id));
    return 0;
  },
};
