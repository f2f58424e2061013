import { startContainer } from '#runtime/verbs/start.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';

export const verb: OciVerb = {
  flags: {},
  usage: '<container-id>',
  act: async ({ rest, runtime }) => {
    await startContainer(runtime, containerId(rest));
    return 0;
  },
};
