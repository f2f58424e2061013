import { Fault, isFault } from '#base/fault.ts';
import { parseMoment } from '#base/moment.ts';
import type { Engine } from '#engine/engine.ts';
import { asOwner } from './ownership.ts';
import { discardContainer } from './discard.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { observe } from './state.ts';

export interface PruneRequest {
  filters: readonly string[];
  /** Only tell what would go. */
  dryRun: boolean;
}

export interface PrunedContainers {
  ids: string[];
  /** Bytes that their own files took. */
  reclaimed: number;
}

type Filter = (record: ContainerRecord) => boolean;

const FILTERS: Record<string, (value: string) => Filter> = {
  until: (value) => {
    const limit = parseMoment(value, '--filter until');
    return ({ created }) => created < limit;
  },
  label: hasLabel,
  'label!': (value) => {
    const has = hasLabel(value);
    return (record) => !has(record);
  },
};

/** Keys of the filters that there are. */
export const CONTAINER_PRUNE_FILTERS = Object.keys(FILTERS);

/** Removes every container that does not run and that all filters take. */
export async function pruneContainers(engine: Engine, request: PruneRequest): Promise<PrunedContainers> {
  const filters = request.filters.map(readFilter);
  const pruned: PrunedContainers = { ids: [], reclaimed: 0 };
  for (const record of engine.containers.list()) {
    if (record.phase !== 'ready' || isRunning(engine, record) || !filters.every((filter) => filter(record))) continue;
    const { bytes } = await engine.store.snapshotter(record.snapshotter).usage(record.id);
    if (!request.dryRun && !(await removeStopped(engine, record))) continue;
    pruned.ids.push(record.id);
    pruned.reclaimed += bytes;
  }
  return pruned;
}

const isRunning = (engine: Engine, { id }: ContainerRecord): boolean =>
  observe(containerDirectory(engine.root, id)).status === 'running';

/** False when it has been started or removed meanwhile. */
async function removeStopped(engine: Engine, { id }: ContainerRecord): Promise<boolean> {
  try {
    return await asOwner(engine, id, 'remove container', async (record) => {
      if (record.phase !== 'ready' || isRunning(engine, record)) return false;
      await discardContainer(engine, record);
      return true;
    });
  } catch (error) {
    if (isFault(error, 'notFound')) return false;
    throw error;
  }
}

function readFilter(text: string): Filter {
  const equals = text.indexOf('=');
  const key = equals < 0 ? text : text.slice(0, equals);
  const make = Object.hasOwn(FILTERS, key) && equals > 0 ? FILTERS[key] : undefined;
  if (make !== undefined) return make(text.slice(equals + 1));
  throw new Fault('invalid', `read the filter "${text}": there is none of this name`, {
    field: '--filter',
    hint: `There are: ${CONTAINER_PRUNE_FILTERS.join(', ')}.`,
  });
}

function hasLabel(value: string): Filter {
  const [name = '', ...wanted] = value.split('=');
  return ({ options: { labels } }) =>
    Object.hasOwn(labels, name) && (wanted.length === 0 || labels[name] === wanted.join('='));
}
