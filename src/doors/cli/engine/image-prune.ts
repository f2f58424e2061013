import { Fault } from '#base/fault.ts';
import { formatBytes } from '#base/units.ts';
import { PRUNE_FILTERS, pruneImages } from '#engine/image/prune.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { confirm } from './confirm.ts';

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
    force: { kind: 'switch', short: 'f', does: 'Do not ask' },
    filter: { kind: 'list', value: 'KEY=VALUE', does: `Only such images: ${PRUNE_FILTERS.join(', ')}` },
    'dry-run': { kind: 'switch', does: 'Only tell what would be removed' },
  },
  args: [0, 0],
  act: async ({ flags, io, engine }) => {
    const [all, dryRun] = [flags.on('all'), flags.on('dry-run')];
    if (!dryRun && !flags.on('force')) {
      const question = `WARNING! This will remove ${WHAT[all ? 1 : 0]}.\nAre you sure you want to continue?`;
      if (!(await confirm(io, question))) throw new Fault('cancelled', 'image prune has been cancelled');
    }
    const { removals, reclaimed } = await pruneImages(await engine(), { all, filters: flags.list('filter'), dryRun });
    if (removals.length > 0) {
      print(io, dryRun ? 'Images that would be deleted:' : 'Deleted Images:');
      for (const { untagged, deleted } of removals) {
        for (const name of untagged) print(io, `untagged: ${name}`);
        if (deleted !== undefined) print(io, `deleted: ${deleted}`);
      }
      print(io, '');
    }
    print(io, `${dryRun ? 'Space that would be reclaimed' : 'Total reclaimed space'}: ${formatBytes(reclaimed)}`);
    return 0;
  },
};
