import { listContainers, type ContainerState } from '#runtime/verbs/state.ts';
import type { OciVerb } from './command.ts';
import { usage } from '#doors/cli/flags.ts';

const GAP = 4;
const COLUMNS: readonly (readonly [string, (state: ContainerState) => string])[] = [
  ['ID', (state) => state.id],
  ['PID', (state) => String(state.pid)],
  ['STATUS', (state) => state.status],
  ['BUNDLE', (state) => state.bundle],
  ['CREATED', (state) => state.created],
  ['OWNER', (state) => state.owner],
];

export const verb: OciVerb = {
  flags: {
    format: { kind: 'text', short: 'f', does: 'table or json' },
    quiet: { kind: 'switch', short: 'q', does: 'ids only' },
  },
  usage: '',
  act: async ({ flags, runtime, world }) => {
    const states = listContainers(runtime);
    const format = flags.text('format') ?? 'table';
    if (flags.on('quiet')) world.stdout.write(states.map((state) => `${state.id}\n`).join(''));
    else if (format === 'json') world.stdout.write(`${JSON.stringify(states)}\n`);
    else if (format === 'table') world.stdout.write(table(states));
    else throw usage(`invalid format "${format}"`);
    return 0;
  },
};

function table(states: readonly ContainerState[]): string {
  const rows = [COLUMNS.map(([title]) => title), ...states.map((state) => COLUMNS.map(([, cell]) => cell(state)))];
  const widths = COLUMNS.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)) + GAP);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}
