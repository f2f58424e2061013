import { bootFilter } from '#engine/container/boot.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import type { Engine } from '#engine/engine.ts';
import { usage, type FlagTable } from '#doors/cli/flags.ts';
import type { Call } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';

export const CHOICE_FLAGS: FlagTable = {
  all: { kind: 'switch', does: 'All containers' },
  filter: {
    kind: 'list',
    short: 'f',
    value: 'KEY=VALUE',
    does: 'Those with a label, name, restart-policy, or should-start-on-boot=true',
  },
};

/** Does `work` for the containers that are named, or for those that --all and --filter choose. */
export async function forChosen(
  call: Call,
  isMeant: (engine: Engine, record: ContainerRecord) => boolean,
  work: (engine: Engine, record: ContainerRecord) => Promise<void>,
  prepare?: (engine: Engine, names: readonly string[]) => Promise<void>,
): Promise<number> {
  const { flags, args } = call;
  const filters = flags.list('filter');
  const chooses = flags.on('all') || filters.length > 0;
  if (args.length > 0 && chooses) throw usage('give either containers or --all and --filter');
  if (!chooses && args.length === 0) throw usage('at least 1 container must be named, or chosen by --all or --filter');
  if (!chooses) return forEachContainer(call, work, prepare);
  const matches = bootFilter(filters);
  const engine = await call.engine();
  const chosen = engine.containers
    .list()
    .filter((record) => record.phase === 'ready' && matches(record) && isMeant(engine, record));
  const names = chosen.map(({ name }) => name);
  return forEachContainer({ ...call, args: names, engine: () => Promise.resolve(engine) }, work, prepare);
}
