import { CONTAINER_PRUNE_FILTERS, pruneContainers } from '#engine/container/prune.ts';
import { complain } from '#doors/cli/cli.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { needAgreement, PRUNE_FLAGS } from './agreed.ts';
import { printContainers, printReclaimed } from './pruned.ts';

/** `container prune`: removes containers that do not run. */
export const containerPrune: Verb = {
  flags: {
    filter: { kind: 'list', value: 'KEY=VALUE', does: `Only such containers: ${CONTAINER_PRUNE_FILTERS.join(', ')}` },
    ...PRUNE_FLAGS,
  },
  args: [0, 0],
  act: async (call) => {
    const { flags, io } = call;
    const dryRun = flags.on('dry-run');
    await needAgreement(call, 'container prune', 'This will remove all stopped containers.');
    let status = 0;
    const { removed, reclaimed } = await pruneContainers(
      await call.engine(),
      { filters: flags.list('filter'), dryRun },
      (error) => void (status = complain(io, error)),
    );
    printContainers(io, removed, dryRun);
    printReclaimed(io, reclaimed, dryRun);
    return status;
  },
};
