import { Fault } from '#base/fault.ts';
import { formatBytes } from '#base/units.ts';
import { CONTAINER_PRUNE_FILTERS, pruneContainers } from '#engine/container/prune.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { confirm } from './confirm.ts';

/** `container prune`: removes containers that do not run. */
export const containerPrune: Verb = {
  flags: {
    force: { kind: 'switch', short: 'f', does: 'Do not ask' },
    filter: { kind: 'list', value: 'KEY=VALUE', does: `Only such containers: ${CONTAINER_PRUNE_FILTERS.join(', ')}` },
    'dry-run': { kind: 'switch', does: 'Only tell what would be removed' },
  },
  args: [0, 0],
  act: async ({ flags, io, engine }) => {
    const dryRun = flags.on('dry-run');
    if (!dryRun && !flags.on('force')) {
      const question = 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue?';
      if (!(await confirm(io, question))) throw new Fault('cancelled', 'container prune has been cancelled');
    }
    const { ids, reclaimed } = await pruneContainers(await engine(), { filters: flags.list('filter'), dryRun });
    if (ids.length > 0) {
      print(io, dryRun ? 'Containers that would be deleted:' : 'Deleted Containers:');
      for (const id of ids) print(io, id);
      print(io, '');
    }
    print(io, `${dryRun ? 'Space that would be reclaimed' : 'Total reclaimed space'}: ${formatBytes(reclaimed)}`);
    return 0;
  },
};
