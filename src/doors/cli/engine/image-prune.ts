import { PRUNE_FILTERS, pruneImages } from '#engine/image/prune.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { needAgreement, PRUNE_FLAGS } from './agreed.ts';
import { printImages, printReclaimed } from './pruned.ts';

/** What goes, in words, without and with --all. */
const WHAT = ['all dangling images', 'all images without at least one container associated to them'] as const;

/** `image prune`: removes images that nothing uses. */
export const imagePrune: Verb = {
  flags: {
    all: {
      kind: 'switch',
      short: 'a',
      does: 'All images that no container is made from, not only those without a tag',
    },
    filter: { kind: 'list', value: 'KEY=VALUE', does: `Only such images: ${PRUNE_FILTERS.join(', ')}` },
    ...PRUNE_FLAGS,
  },
  args: [0, 0],
  act: async (call) => {
    const { flags, io } = call;
    const [all, dryRun] = [flags.on('all'), flags.on('dry-run')];
    await needAgreement(call, 'image prune', `This will remove ${WHAT[all ? 1 : 0]}.`);
    const engine = await call.engine();
    const { removals, reclaimed } = await pruneImages(engine, { all, filters: flags.list('filter'), dryRun });
    printImages(io, removals, dryRun);
    printReclaimed(io, reclaimed, dryRun);
    return 0;
  },
};
