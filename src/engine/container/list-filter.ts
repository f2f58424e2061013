import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { volumesByPlace } from '#engine/volume/shown.ts';
import { madeFrom } from './ancestor.ts';
import type { ListedContainer } from './list.ts';
import { exposedPorts } from '#engine/network/exposed.ts';
import { allPorts } from '#engine/network/ports.ts';
import { networkRecords } from '#engine/network/record.ts';
import { portsMatching, readPorts } from './port-filter.ts';
import type { ContainerRecord } from './record.ts';

/** Those of one key are alternatives, but labels: all of these must hold. */
export interface ContainerFilter {
  /** By what was asked for: tried first, since it needs no look at the container. */
  record(record: ContainerRecord): boolean;
  /** By what has become of it. */
  state(listed: ListedContainer): boolean;
  /** It asks for a state, so containers that do not run are meant too. */
  all: boolean;
}

interface Condition {
  record?: (record: ContainerRecord) => boolean;
  state?: (listed: ListedContainer) => boolean;
}

type MakeCondition = (engine: Engine, value: string, key: string) => Condition;

const STATES = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];
const HEALTH = ['starting', 'healthy', 'unhealthy', 'none'];

/** Filters by their key, as docker words them. */
const FILTERS: Readonly<Record<string, MakeCondition>> = {
  ancestor: (engine, value) => ({ record: madeFrom(engine, value) }),
  before: (engine, value) => {
    const { created } = engine.containers.find(value);
    return { record: (record) => record.created < created };
  },
  exited: (_, value, key) => {
    if (!/^-?\d+$/.test(value)) throw bad(key, value, 'an exit status');
    const code = Number(value);
    return { state: ({ state }) => state.status !== 'running' && state.exit?.code === code };
  },
  expose: (engine, value, key) => {
    const matches = portsMatching(readPorts(value, key));
    return {
      record: ({ imageId, options }) =>
        exposedPorts(options, engine.store.images.find(imageId)?.config.ExposedPorts ?? []).some(matches),
    };
  },
  health: (_, value, key) => {
    if (!HEALTH.includes(value)) throw bad(key, value, `one of ${HEALTH.join(', ')}`);
    return { state: ({ health = 'none' }) => health === value };
  },
  id: (_, value, key) => {
    const fits = pattern(value, key);
    return { record: ({ id }) => fits(id) };
  },
  'is-task': (_, value, key) => {
    if (!/^(?:true|false|1|0)$/.test(value)) throw bad(key, value, 'true or false');
    const isTask = value === 'true' || value === '1';
    return { record: () => !isTask };
  },
  // Of Windows alone; a container here has none.
  isolation: (_, value, key) => {
    const fits = pattern(value, key);
    return { record: () => fits('') };
  },
  label: (_, value) => {
    const equals = value.indexOf('=');
    const name = equals === -1 ? value : value.slice(0, equals);
    return {
      record: ({ options: { labels } }) =>
        Object.hasOwn(labels, name) && (equals === -1 || labels[name] === value.slice(equals + 1)),
    };
  },
  name: (_, value, key) => {
    const fits = pattern(value, key);
    return { record: ({ name }) => fits(name) || fits(`/${name}`) };
  },
  network: (engine, value) => {
    const network = networkRecords(engine.database).byName(value) ?? networkRecords(engine.database).get(value);
    const members = new Set(
      network === undefined
        ? []
        : networkRecords(engine.database)
            .endpoints(network.id)
            .map(({ container }) => container),
    );
    return { record: ({ id, options }) => members.has(id) || options.network === value };
  },
  publish: (engine, value, key) => {
    const matches = portsMatching(readPorts(value, key));
    const has = new Set(
      allPorts(engine.database)
        .filter(({ containerPort, protocol }) => matches(`${containerPort}/${protocol}`))
        .map(({ container }) => container),
    );
    return { record: ({ id }) => has.has(id) };
  },
  since: (engine, value) => {
    const { created } = engine.containers.find(value);
    return { record: (record) => record.created > created };
  },
  status: (_, value, key) => {
    if (!STATES.includes(value)) throw bad(key, value, `one of ${STATES.join(', ')}`);
    return { state: (listed) => statusOf(listed) === value };
  },
  volume: (_, value) => ({ record: ({ options }) => volumesByPlace(options).has(value) }),
};

export const CONTAINER_FILTERS = Object.keys(FILTERS);

/** Reads `key=value` filters. Throws `invalid`, and `notFound` for a container that is named by one. */
export function containerFilter(engine: Engine, texts: readonly string[]): ContainerFilter {
  const byKey = new Map<string, Condition[]>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const [key, value] = [text.slice(0, Math.max(equals, 0)).trim().toLowerCase(), text.slice(equals + 1).trim()];
    const make = Object.hasOwn(FILTERS, key) ? FILTERS[key] : undefined;
    if (make === undefined) {
      throw new Fault('invalid', `read the filter "${text}": there is none of this name for containers`, {
        field: '--filter',
        hint: `There are: ${CONTAINER_FILTERS.join(', ')}.`,
      });
    }
    byKey.set(key, [...(byKey.get(key) ?? []), make(engine, value, key)]);
  }
  const groups = [...byKey];
  const holds = <T>(tests: readonly ((one: T) => boolean)[], key: string, one: T): boolean =>
    tests.length === 0 || (key === 'label' ? tests.every((test) => test(one)) : tests.some((test) => test(one)));
  return {
    record: (record) =>
      groups.every(([key, all]) =>
        holds(
          all.flatMap(({ record: test }) => test ?? []),
          key,
          record,
        ),
      ),
    state: (listed) =>
      groups.every(([key, all]) =>
        holds(
          all.flatMap(({ state: test }) => test ?? []),
          key,
          listed,
        ),
      ),
    all: byKey.has('status') || byKey.has('exited'),
  };
}

function statusOf({ state, paused }: ListedContainer): string {
  return paused ? 'paused' : state.status;
}

/** Anywhere in the text, as docker's are. */
function pattern(value: string, key: string): (text: string) => boolean {
  try {
    const expression = new RegExp(value);
    return (text) => expression.test(text);
  } catch {
    throw bad(key, value, 'a regular expression');
  }
}

function bad(key: string, value: string, wanted: string): Fault {
  return new Fault('invalid', `read the filter ${key}: "${value}" is not ${wanted}`, { field: '--filter' });
}
