import { listVolumes, volumeFilter } from '#engine/volume/list.ts';
import { volumeData } from '#engine/volume/record.ts';
import { print } from '#doors/cli/io.ts';
import { table } from '#doors/cli/table.ts';
import { formatRows } from '#doors/cli/template.ts';
import type { Verb } from '#doors/cli/verb.ts';

const FILTER_KEYS = ['dangling', 'driver', 'label', 'label!', 'name'];

/** Docker's names for `--format`, with the headings they get in a table. */
const HEADINGS = {
  Driver: 'DRIVER',
  Name: 'VOLUME NAME',
  Labels: 'LABELS',
  Links: 'LINKS',
  Mountpoint: 'MOUNTPOINT',
  Scope: 'SCOPE',
  Size: 'SIZE',
} as const;

/** `volume ls`: one line for each volume. */
export const volumeLs: Verb = {
  flags: {
    filter: { kind: 'list', short: 'f', value: 'KEY=VALUE', does: `Only such volumes: ${FILTER_KEYS.join(', ')}` },
    format: { kind: 'text', value: 'FORMAT', does: 'table, json or a template such as {{.Name}}' },
    quiet: { kind: 'switch', short: 'q', does: 'Only show names' },
  },
  args: [0, 0],
  act: async ({ flags, io, engine: open }) => {
    const engine = await open();
    const shown = listVolumes(engine).filter(volumeFilter(flags.list('filter'), FILTER_KEYS));
    if (flags.on('quiet')) {
      for (const { record } of shown) print(io, record.name);
      return 0;
    }
    const rows = shown.map(({ record: { name, driver, labels } }) => ({
      Availability: 'N/A',
      Driver: driver,
      Group: 'N/A',
      Labels: Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
      // Docker knows these two in `system df -v` only.
      Links: 'N/A',
      Mountpoint: volumeData(engine.root, name),
      Name: name,
      Scope: 'local',
      Size: 'N/A',
      Status: 'N/A',
    }));
    const own = [
      table(
        ['DRIVER', 'VOLUME NAME'],
        rows.map(({ Driver, Name }) => [Driver, Name]),
      ),
    ];
    for (const line of formatRows(flags.text('format'), rows, HEADINGS) ?? own) print(io, line);
    return 0;
  },
};
