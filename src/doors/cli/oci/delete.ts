import { deleteContainer } from '#runtime/verbs/delete.ts';
import { eachMatching, REGEX } from './by-pattern.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';

export const verb: OciVerb = {
  flags: { force: { kind: 'switch', short: 'f', does: 'kill a running container first' }, ...REGEX },
  usage: '<container-id>',
  act: async ({ flags, rest, runtime }) => {
    const id = containerId(rest);
    const remove = (one: string): Promise<void> => deleteContainer(runtime, one, flags.on('force'));
    await (flags.on('regex') ? eachMatching(runtime, id, remove) : remove(id));
    return 0;
  },
};
