import { Fault } from '#base/fault.ts';
import { pruneSystem, SYSTEM_PRUNE_FILTERS } from '#engine/space/prune-system.ts';
import { complain } from '#doors/cli/cli.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { needAgreement, PRUNE_FLAGS } from './agreed.ts';
import { printContainers, printImages, printReclaimed } from './pruned.ts';

const WARNING = (all: boolean): string =>
  [
    'This will remove:',
    '  - all stopped containers',
    `  - all ${all ? 'images without at least one container associated to them' : 'dangling images'}`,
    '',
  ].join('\n');

/** `system prune`: stopped containers, then the images that nothing uses. */
export const systemPrune: Verb = {
  flags: {
    all: { kind: 'switch', short: 'a', does: 'All unused images, not only those without a tag' },
    volumes: { kind: 'switch', does: 'Refused: there are no volumes by name yet' },
    filter: { kind: 'list', value: 'KEY=VALUE', does: `Only such objects: ${SYSTEM_PRUNE_FILTERS.join(', ')}` },
    ...PRUNE_FLAGS,
  },
  args: [0, 0],
  act: async (call) => {
    const { flags, io } = call;
    if (flags.on('volumes')) {
      throw new Fault('unsupported', 'prune volumes: there are no volumes by name yet', { field: '--volumes' });
    }
    const [all, dryRun] = [flags.on('all'), flags.on('dry-run')];
    await needAgreement(call, 'system prune', WARNING(all));
    let status = 0;
    const { containers, images, reclaimed } = await pruneSystem(
      await call.engine(),
      { all, dryRun, filters: flags.list('filter') },
      (error) => void (status = complain(io, error)),
    );
    printContainers(io, containers, dryRun);
    printImages(io, images, dryRun);
    printReclaimed(io, reclaimed, dryRun);
    return status;
  },
};
