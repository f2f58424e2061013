import { pastaPorts } from '#engine/network/pasta.ts';
import { allPorts, type Port } from '#engine/network/ports.ts';
import { shownPorts } from '#engine/network/shown.ts';
import { shortId } from '#base/ids.ts';
import { formatDuration } from '#base/units.ts';
import { containerFilter, CONTAINER_FILTERS } from '#engine/container/list-filter.ts';
import { listContainers, type ListedContainer } from '#engine/container/list.ts';
import type { Engine } from '#engine/engine.ts';
import { usage } from '#doors/cli/flags.ts';
import { print, warn } from '#doors/cli/io.ts';
import { table } from '#doors/cli/table.ts';
import { formatRows } from '#doors/cli/template.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { sizeTexts, wantsSize } from './container-size-text.ts';
import { quoted, shownLabels, shownMountNames } from './ps-cells.ts';
import { goTime } from './go-time.ts';

/** Docker's names for `--format`, with the headings they get in a table. */
const HEADINGS = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  Ports: 'PORTS',
  Names: 'NAMES',
  Size: 'SIZE',
  CreatedAt: 'CREATED AT',
  State: 'STATE',
  Labels: 'LABELS',
  Label: (name: string) => name,
  LocalVolumes: 'LOCAL VOLUMES',
  Mounts: 'MOUNTS',
  Networks: 'NETWORKS',
  Platform: 'PLATFORM',
} as const;

const COLUMNS = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'] as const;

/** `ps`: what runs, or with -a what there is. */
export const ps: Verb = {
  flags: {
    all: { kind: 'switch', short: 'a', does: 'Show all containers, not only the running ones' },
    filter: {
      kind: 'list',
      short: 'f',
      value: 'KEY=VALUE',
      does: `Only such containers: ${CONTAINER_FILTERS.join(', ')}`,
    },
    quiet: { kind: 'switch', short: 'q', does: 'Only show ids' },
    last: { kind: 'text', short: 'n', value: 'N', does: 'Show the last N containers, whatever their state' },
    latest: { kind: 'switch', short: 'l', does: 'Show the newest container, whatever its state' },
    'no-trunc': { kind: 'switch', does: 'Do not shorten' },
    size: { kind: 'switch', short: 's', does: 'Show what each has written, and its image with it' },
    format: { kind: 'text', value: 'FORMAT', does: 'table, table TEMPLATE, json or a template such as {{.Names}}' },
  },
  args: [0, 0],
  act: async (call) => {
    const engine = await call.engine();
    const shown = chosen(engine, call);
    const whole = call.flags.on('no-trunc');
    const format = call.flags.text('format') || undefined;
    if (call.flags.on('quiet')) {
      if (format !== undefined) warn(call.io, 'Ignoring custom format, because both --format and --quiet are set.');
      for (const one of shown) print(call.io, idOf(one, whole));
      return 0;
    }
    const sized = call.flags.on('size');
    const sizes = sized || wantsSize(format) ? await sizeTexts(engine, shown) : [];
    const given = allPorts(engine.database);
    const rows = shown.map((one, at) => {
      const ports = given.filter(({ container }) => container === one.record.id);
      return rowOf(engine, one, { whole, size: sizes[at] ?? '0B', ports });
    });
    const columns = [...COLUMNS, ...(sized ? (['Size'] as const) : [])];
    const own = (): string =>
      table(
        columns.map((column) => HEADINGS[column]),
        rows.map((row) => columns.map((column) => row[column])),
      );
    for (const line of formatRows(format, rows, HEADINGS) ?? [own()]) print(call.io, line);
    return 0;
  },
};

/** The newest first; a number of them counts after the filters. */
function chosen(engine: Engine, { flags }: Call): ListedContainer[] {
  const asked = Number(flags.text('last') ?? -1);
  const last = flags.on('latest') && asked < 0 ? 1 : asked;
  if (!Number.isSafeInteger(last)) throw usage(`invalid value "${flags.text('last')}" for flag --last`);
  const filter = containerFilter(engine, flags.list('filter'));
  const all = flags.on('all') || last > 0 || filter.all;
  const found = listContainers(engine, all, filter.record).filter(filter.state);
  return last > 0 ? found.slice(0, last) : found;
}

const idOf = ({ record }: ListedContainer, whole: boolean): string => (whole ? record.id : shortId(record.id));

function commandOf({ args: [program = '', ...rest] }: ListedContainer, whole: boolean): string {
  const text = [program, ...rest.map((word) => (word.includes(' ') ? `'${word}'` : word))].join(' ');
  return quoted(whole || text.length <= 20 ? text : `${text.slice(0, 19)}…`);
}

/** `Up 3 minutes`, `Exited (0) 2 seconds ago`, `Restarting (1) 2 seconds ago`, `Created`, `Dead (monitor killed) 1 second ago`. */
function statusText({ state, paused, health }: ListedContainer): string {
  const ago = (at: number): string => formatDuration(Date.now() - at);
  if (state.status === 'running')
    return `Up ${ago(state.startedAt ?? Date.now())}${paused ? ' (Paused)' : shownHealth(health)}`;
  if (state.status === 'created') return 'Created';
  const finished = state.exit === undefined ? '' : ` ${ago(state.exit.finished)} ago`;
  if (state.status === 'dead') return `Dead (monitor killed)${finished}`;
  return `${state.status === 'restarting' ? 'Restarting' : 'Exited'} (${state.exit?.code ?? 0})${finished}`;
}

const shownHealth = (health: ListedContainer['health']): string =>
  health === undefined ? '' : ` (${health === 'starting' ? 'health: starting' : health})`;

interface Shown {
  whole: boolean;
  size: string;
  ports: readonly Port[];
}

function rowOf(engine: Engine, one: ListedContainer, { whole, size, ports }: Shown) {
  const { record } = one;
  const { options } = record;
  return {
    Command: commandOf(one, whole),
    CreatedAt: goTime(record.created),
    ID: idOf(one, whole),
    Image: record.imageName,
    Label: (name: string) => options.labels[name] ?? '',
    Labels: shownLabels(options.labels),
    LocalVolumes: String(options.volumes?.length ?? 0),
    Mounts: shownMountNames(options, whole),
    Names: record.name,
    Networks: options.networks?.map(({ network }) => network).join(',') ?? options.network,
    // Looked up by those alone who ask for it.
    get Platform() {
      return engine.store.images.find(record.imageId)?.platform ?? '';
    },
    Ports: shownPorts([...pastaPorts(options), ...ports]),
    RunningFor: `${formatDuration(Date.now() - record.created)} ago`,
    Size: size,
    State: one.paused ? 'paused' : one.state.status,
    Status: statusText(one),
  };
}
