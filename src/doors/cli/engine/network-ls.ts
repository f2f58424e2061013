import { NETWORK_FILTERS, networkFilter } from '#engine/network/list.ts';
import { networkRecords } from '#engine/network/record.ts';
import { print } from '#doors/cli/io.ts';
import { table } from '#doors/cli/table.ts';
import { formatRows } from '#doors/cli/template.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** Docker's names for `--format`, with the headings they get in a table. */
const HEADINGS = {
  ID: 'NETWORK ID',
  Name: 'NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  IPv4: 'IPV4',
  IPv6: 'IPV6',
  Internal: 'INTERNAL',
  Labels: 'LABELS',
  CreatedAt: 'CREATED AT',
} as const;

/** `network ls`: one line for each network; those that need no record are listed too, as docker does. */
export const networkLs: Verb = {
  flags: {
    filter: { kind: 'list', short: 'f', value: 'KEY=VALUE', does: `Only such networks: ${NETWORK_FILTERS.join(', ')}` },
    format: { kind: 'text', value: 'FORMAT', does: 'table, json or a template such as {{.Name}}' },
    'no-trunc': { kind: 'switch', does: 'Show whole ids' },
    quiet: { kind: 'switch', short: 'q', does: 'Only show ids' },
  },
  args: [0, 0],
  act: async ({ flags, io, engine: open }) => {
    const records = networkRecords((await open()).database);
    const isUsed = ({ id }: { id: string }): boolean => records.endpoints(id).length > 0;
    const shown = records.list().filter(networkFilter(flags.list('filter'), NETWORK_FILTERS, isUsed));
    const id = (whole: string): string => (flags.on('no-trunc') ? whole : whole.slice(0, 12));
    if (flags.on('quiet')) {
      for (const one of shown) print(io, id(one.id));
      return 0;
    }
    const rows = shown.map(({ id: whole, name, driver, internal, labels, subnets, created }) => ({
      ID: id(whole),
      Name: name,
      Driver: driver,
      Scope: 'local',
      IPv4: String(subnets.some(({ subnet }) => !subnet.includes(':'))),
      IPv6: String(subnets.some(({ subnet }) => subnet.includes(':'))),
      Internal: String(internal),
      Labels: Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
      CreatedAt: new Date(created).toISOString(),
    }));
    const own = [
      table(
        ['NETWORK ID', 'NAME', 'DRIVER', 'SCOPE'],
        rows.map(({ ID, Name, Driver, Scope }) => [ID, Name, Driver, Scope]),
      ),
    ];
    for (const line of formatRows(flags.text('format'), rows, HEADINGS) ?? own) print(io, line);
    return 0;
  },
};
