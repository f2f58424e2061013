import { Fault } from '#base/fault.ts';
import { pruneSystem, SYSTEM_PRUNE_FILTERS } from '#engine/space/prune-system.ts';
import { complain } from '#doors/cli/cli.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { needAgreement, PRUNE_FLAGS } from './agreed.ts';
import { printContainers, printImages, printReclaimed, printVolumes } from './pruned.ts';

const WARNING = (all: boolean, volumes: boolean): string =>
  [
    'This will remove:',
    '  - all stopped containers',
    ...(volumes ? ['  - all anonymous volumes not used by at least one container'] : []),
    `  - all ${all ? 'images without at least one container associated to them' : 'dangling images'}`,
    '',
  ].join('\n');

/** `system prune`: stopped containers, then the images that nothing uses. */
export const systemPrune: Verb = {
  flags: {
    all: { kind: 'switch', short: 'a', does: 'All unused images, not only those without a tag' },
    volumes: { kind: 'switch', does: 'Volumes that nobody named and no container has, too' },
    filter: { kind: 'list', value: 'KEY=VALUE', does: `Only such objects: ${SYSTEM_PRUNE_FILTERS.join(', ')}` },
    ...PRUNE_FLAGS,
  },
  args: [0, 0],
  act: async (call) => {
    const { flags, io } = call;
    const [all, dryRun, withVolumes] = [flags.on('all'), flags.on('dry-run'), flags.on('volumes')];
    const filters = flags.list('filter');
    if (withVolumes && filters.some((text) => text.startsWith('until='))) {
      throw new Fault('invalid', 'read --filter: until is not for volumes', { field: '--filter' });
    }
    await needAgreement(call, 'system prune', WARNING(all, withVolumes));
    let status = 0;
    const { containers, images, volumes, reclaimed } = await pruneSystem(
      await call.engine(),
      { all, dryRun, filters, withVolumes },
      (error) => void (status = complain(io, error)),
    );
    printContainers(io, containers, dryRun);
    printImages(io, images, dryRun);
    printVolumes(io, volumes, dryRun);
    printReclaimed(io, reclaimed, dryRun);
    return status;
  },
};
