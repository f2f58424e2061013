import { createContainer } from '#runtime/verbs/create.ts';
import { compileAnew } from '#runtime/verbs/compile.ts';
import { explainCreate } from '#runtime/verbs/explain.ts';
import type { OciVerb } from './command.ts';
import { CREATE_FLAGS, createOptions } from './create-flags.ts';
import { printDryRun } from './dry-run.ts';

export const verb: OciVerb = {
  flags: CREATE_FLAGS,
  usage: '<container-id>',
  act: async (call) => {
    const options = createOptions(call);
    if (call.flags.on('dry-run')) return printDryRun(call, explainCreate(call.runtime, options, false));
    await createContainer(call.runtime, options);
    compileAnew(call.runtime, options.bundle);
    return 0;
  },
};
