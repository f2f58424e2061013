import { Fault } from '#base/fault.ts';
import { formatBytes } from '#base/units.ts';
import { diskUse, type DiskUse, type Total } from '#engine/space/disk-use.ts';
import { print } from '#doors/cli/io.ts';
import { table } from '#doors/cli/table.ts';
import { formatRows } from '#doors/cli/template.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { verboseJson, verboseTables } from './system-df-verbose.ts';

/** Docker's names for `--format`. */
const HEADINGS = {
  Type: 'TYPE',
  TotalCount: 'TOTAL',
  Active: 'ACTIVE',
  Size: 'SIZE',
  Reclaimable: 'RECLAIMABLE',
} as const;

/** There is none yet; who reads docker's table expects the line. */
const NONE: Total = { count: 0, active: 0, size: 0, reclaimable: 0 };

/** `system df`: what takes room. */
export const systemDf: Verb = {
  flags: {
    verbose: { kind: 'switch', short: 'v', does: 'Each image, container and volume, with what images share' },
    format: { kind: 'text', value: 'FORMAT', does: 'table, json or a template such as {{.Type}}: {{.Size}}' },
  },
  args: [0, 0],
  act: async ({ flags, io, engine }) => {
    const [verbose, format] = [flags.on('verbose'), flags.text('format')];
    if (verbose && format !== undefined && format !== 'json' && format !== 'table') {
      throw new Fault('invalid', 'read --format: templates are for the table without -v', { field: '--format' });
    }
    const use = await diskUse(await engine());
    if (verbose) print(io, format === 'json' ? JSON.stringify(verboseJson(use)) : verboseTables(use));
    else for (const line of summary(use, format)) print(io, line);
    return 0;
  },
};

function summary({ totals }: DiskUse, format: string | undefined): string[] {
  const rows = [
    rowOf('Images', totals.images),
    rowOf('Containers', totals.containers),
    rowOf('Local Volumes', totals.volumes),
    rowOf('Build Cache', NONE),
  ];
  const columns = Object.keys(HEADINGS) as (keyof typeof HEADINGS)[];
  const cells = rows.map((row) => columns.map((column) => row[column]));
  return formatRows(format, rows, HEADINGS) ?? [table(Object.values(HEADINGS), cells)];
}

function rowOf(type: string, { count, active, size, reclaimable }: Total) {
  const part = size > 0 ? ` (${Math.round((reclaimable / size) * 100)}%)` : '';
  return {
    Active: String(active),
    Reclaimable: `${formatBytes(reclaimable)}${part}`,
    Size: formatBytes(size),
    TotalCount: String(count),
    Type: type,
  };
}
