import { diskUsageOf } from '#engine/space/container-size.ts';
import { Fault, isFault } from '#base/fault.ts';
import { parseMoment } from '#base/moment.ts';
import type { Engine } from '#engine/engine.ts';
import { stateOf } from './list.ts';
import type { ContainerRecord } from './record.ts';
import { removeContainer } from './remove.ts';
import { isUp } from './state.ts';

export const CONTAINER_PRUNE_FILTERS = ['until', 'label', 'label!'];

export interface PrunedContainers {
  /** Whole ids. */
  removed: string[];
  /** Bytes of their writable layers. */
  reclaimed: number;
}

type Condition = (record: ContainerRecord) => boolean;

/** Removes containers that do not run. One that cannot be removed is left; `onFailure` hears of it. */
export async function pruneContainers(
  engine: Engine,
  { filters, dryRun }: { filters: readonly string[]; dryRun: boolean },
  onFailure: (error: unknown) => void,
): Promise<PrunedContainers> {
  const conditions = filters.map(conditionOf);
  const stopped = engine.containers
    .list()
    .filter((record) => record.phase === 'ready' && record.owner === undefined)
    .filter((record) => !isUp(stateOf(engine, record)))
    .filter((record) => conditions.every((holds) => holds(record)));
  const pruned: PrunedContainers = { removed: [], reclaimed: 0 };
  for (const record of stopped) {
    const bytes = await diskUsageOf(engine, record);
    try {
      if (!dryRun) await removeContainer(engine, record, false);
      pruned.removed.push(record.id);
      pruned.reclaimed += bytes;
    } catch (error) {
      // Somebody has started it, or removed it, since the look.
      if (isFault(error, 'notFound') || isUp(stateOf(engine, record))) continue;
      onFailure(error);
    }
  }
  return pruned;
}

function conditionOf(text: string): Condition {
  const equals = text.indexOf('=');
  const [key, value] = [text.slice(0, Math.max(equals, 0)), text.slice(equals + 1)];
  if (key === 'until') {
    const limit = parseMoment(value, '--filter until');
    return ({ created }) => created < limit;
  }
  if (key === 'label') return hasLabel(value);
  if (key === 'label!') {
    const has = hasLabel(value);
    return (record) => !has(record);
  }
  throw new Fault('invalid', `read the filter "${text}": there is none of this name for containers`, {
    field: '--filter',
    hint: `There are: ${CONTAINER_PRUNE_FILTERS.join(', ')}.`,
  });
}

function hasLabel(text: string): Condition {
  const equals = text.indexOf('=');
  const key = equals === -1 ? text : text.slice(0, equals);
  return ({ options: { labels } }) =>
    Object.hasOwn(labels, key) && (equals === -1 || labels[key] === text.slice(equals + 1));
}
