import { deleteContainer } from '#runtime/verbs/delete.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';

export const verb: OciVerb = {
  flags: { force: { kind: 'switch', short: 'f', does: 'kill a running container first' } },
  usage: '<container-id>',
  act: async ({ flags, rest, runtime }) => {
    await deleteContainer(runtime, containerId(rest), flags.on('force'));
    return 0;
  },
};
