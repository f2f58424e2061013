import { networkFilter } from '#engine/network/list.ts';
import { networkRecords } from '#engine/network/record.ts';
import { pruneNetworks } from '#engine/network/remove.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { needAgreement, PRUNE_FLAGS } from './agreed.ts';

const FILTERS = ['label', 'label!'];

/** `network prune`: removes networks that no container is in. */
export const networkPrune: Verb = {
  flags: {
    filter: { kind: 'list', value: 'KEY=VALUE', does: `Only such networks: ${FILTERS.join(', ')}` },
    ...PRUNE_FLAGS,
  },
  args: [0, 0],
  act: async (call) => {
    const { flags, io } = call;
    const matches = networkFilter(flags.list('filter'), FILTERS, () => false);
    await needAgreement(
      call,
      'network prune',
      'This will remove all custom networks not used by at least one container.',
    );
    const engine = await call.engine();
    const records = networkRecords(engine.database);
    const unused = records.list().filter((one) => one.name !== 'bridge' && records.endpoints(one.id).length === 0);
    const names = flags.on('dry-run')
      ? unused.filter(matches).map(({ name }) => name)
      : await pruneNetworks(engine, matches);
    if (names.length === 0) return 0;
    print(io, flags.on('dry-run') ? 'Would delete networks:' : 'Deleted Networks:');
    for (const name of names) print(io, name);
    return 0;
  },
};
