import { containerState } from '#runtime/verbs/state.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';

export const verb: OciVerb = {
  flags: {},
  usage: '<container-id>',
  act: async ({ rest, runtime, world }) => {
    world.stdout.write(`${JSON.stringify(containerState(runtime, containerId(rest)), undefined, 2)}\n`);
    return 0;
  },
};
