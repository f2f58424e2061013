import { pruneVolumes, VOLUME_PRUNE_FILTERS } from '#engine/volume/prune.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { needAgreement, PRUNE_FLAGS } from './agreed.ts';
import { printReclaimed, printVolumes } from './pruned.ts';

/** `volume prune`: removes volumes that no container has. */
export const volumePrune: Verb = {
  flags: {
    all: { kind: 'switch', short: 'a', does: 'Those with a name that somebody chose, too' },
    filter: { kind: 'list', value: 'KEY=VALUE', does: `Only such volumes: ${VOLUME_PRUNE_FILTERS.join(', ')}` },
    ...PRUNE_FLAGS,
  },
  args: [0, 0],
  act: async (call) => {
    const { flags, io } = call;
    const [all, dryRun, filters] = [flags.on('all'), flags.on('dry-run'), flags.list('filter')];
    const what = all || filters.includes('all=true') || filters.includes('all=1') ? 'all' : 'anonymous';
    await needAgreement(
      call,
      'volume prune',
      `This will remove ${what} local volumes not used by at least one container.`,
    );
    const { names, reclaimed } = await pruneVolumes(await call.engine(), { all, filters, dryRun });
    printVolumes(io, names, dryRun);
    printReclaimed(io, reclaimed, dryRun);
    return 0;
  },
};
