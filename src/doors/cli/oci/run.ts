import { runContainer } from '#runtime/verbs/run.ts';
import type { OciVerb } from './command.ts';
import { CREATE_FLAGS, createOptions } from './create-flags.ts';
import { handOnSignals } from '#doors/cli/signals.ts';

export const verb: OciVerb = {
  flags: {
    ...CREATE_FLAGS,
    detach: { kind: 'switch', short: 'd', does: 'leave the container alone once it runs' },
    keep: { kind: 'switch', does: 'do not delete the container when it ends' },
    'no-subreaper': { kind: 'switch', does: 'accepted: no subreaper is used' },
  },
  usage: '<container-id>',
  act: ({ flags, rest, runtime }) =>
    runContainer(runtime, {
      ...createOptions(flags, rest),
      detach: flags.on('detach'),
      keep: flags.on('keep'),
      watch: handOnSignals,
    }),
};
