import { shortId } from '#base/ids.ts';
import { formatDuration } from '#base/units.ts';
import { listContainers, type ListedContainer } from '#engine/container/list.ts';
import { print } from '#doors/cli/io.ts';
import { table } from '#doors/cli/table.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `ps`: what runs, or with -a what there is. */
export const ps: Verb = {
  flags: {
    all: { kind: 'switch', short: 'a', does: 'Show all containers, not only the running ones' },
    quiet: { kind: 'switch', short: 'q', does: 'Only show ids' },
    last: { kind: 'number', short: 'n', value: 'N', does: 'Show the last N containers, whatever their state' },
    latest: { kind: 'switch', short: 'l', does: 'Show the newest container, whatever its state' },
    'no-trunc': { kind: 'switch', does: 'Do not shorten' },
    format: { kind: 'text', value: 'FORMAT', does: 'table or json' },
  },
  args: [0, 0],
  act: async (call) => {
    const engine = await call.engine();
    const last = call.flags.on('latest') ? 1 : (call.flags.number('last') ?? -1);
    const found = listContainers(engine, call.flags.on('all') || last >= 0);
    const shown = last >= 0 ? found.slice(0, last) : found;
    const whole = call.flags.on('no-trunc');
    if (call.flags.on('quiet')) for (const one of shown) print(call.io, idOf(one, whole));
    else if (call.flags.text('format') === 'json')
      for (const one of shown) print(call.io, JSON.stringify(asJson(one, whole)));
    else
      print(
        call.io,
        table(
          ['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'],
          shown.map((one) => row(one, whole)),
        ),
      );
    return 0;
  },
};

const idOf = ({ record }: ListedContainer, whole: boolean): string => (whole ? record.id : shortId(record.id));

function commandOf({ args }: ListedContainer, whole: boolean): string {
  const text = args.join(' ');
  return `"${whole || text.length <= 20 ? text : `${text.slice(0, 19)}…`}"`;
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

function row(one: ListedContainer, whole: boolean): string[] {
  const { record } = one;
  return [
    idOf(one, whole),
    record.imageName,
    commandOf(one, whole),
    `${formatDuration(Date.now() - record.created)} ago`,
    statusText(one),
    '',
    record.name,
  ];
}

function asJson(one: ListedContainer, whole: boolean): Record<string, unknown> {
  const { record } = one;
  return {
    ID: idOf(one, whole),
    Image: record.imageName,
    Command: commandOf(one, whole),
    CreatedAt: new Date(record.created).toISOString(),
    RunningFor: `${formatDuration(Date.now() - record.created)} ago`,
    State: one.paused ? 'paused' : one.state.status,
    Status: statusText(one),
    Ports: '',
    Names: record.name,
    Labels: Object.entries(record.options.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  };
}
