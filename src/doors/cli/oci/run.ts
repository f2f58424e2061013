import { runContainer } from '#runtime/verbs/run.ts';
import type { OciVerb } from './command.ts';
import { CREATE_FLAGS, createOptions } from './create-flags.ts';
import { printDryRun } from './dry-run.ts';
import { compileAnew } from '#runtime/verbs/compile.ts';
import { explainCreate } from '#runtime/verbs/explain.ts';
import { handOnSignals } from '#doors/cli/signals.ts';

export const verb: OciVerb = {
  flags: {
    ...CREATE_FLAGS,
    detach: { kind: 'switch', short: 'd', does: 'leave the container alone once it runs' },
    keep: { kind: 'switch', does: 'do not delete the container when it ends' },
    'no-subreaper': { kind: 'switch', does: 'accepted: no subreaper is used' },
  },
  usage: '<container-id>',
  act: async (call) => {
    const { flags, runtime } = call;
    const options = createOptions(call);
    const detach = flags.on('detach');
    if (flags.on('dry-run')) return printDryRun(call, explainCreate(runtime, options, !detach));
    compileAnew(runtime, options.bundle);
    return runContainer(runtime, { ...options, detach, keep: flags.on('keep'), watch: handOnSignals });
  },
};
