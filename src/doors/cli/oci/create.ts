import { createContainer } from '#runtime/verbs/create.ts';
import type { OciVerb } from './command.ts';
import { CREATE_FLAGS, createOptions } from './create-flags.ts';

export const verb: OciVerb = {
  flags: CREATE_FLAGS,
  usage: '<container-id>',
  act: async ({ flags, rest, runtime }) => {
    await createContainer(runtime, createOptions(flags, rest));
    return 0;
  },
};
