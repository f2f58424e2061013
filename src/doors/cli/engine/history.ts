import { shortId } from '#base/ids.ts';
import { formatBytes, formatDuration } from '#base/units.ts';
import { imageHistory, type HistoryStep } from '#engine/image/history.ts';
import { print } from '#doors/cli/io.ts';
import { table } from '#doors/cli/table.ts';
import { formatRows } from '#doors/cli/template.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** Docker's names for `--format`; its own table has those but CreatedAt. */
const HEADINGS = {
  ID: 'IMAGE',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
} as const;
const COLUMNS = ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'] as const;
/** Of the command that made a step, unless --no-trunc is given. */
const LONGEST_COMMAND = 45;

/** `history`: the steps that made an image. */
export const history: Verb = {
  flags: {
    human: {
      kind: 'switch',
      short: 'H',
      does: 'Print sizes and dates for people (the default; --human=false for numbers)',
    },
    'no-trunc': { kind: 'switch', does: 'Do not shorten' },
    quiet: { kind: 'switch', short: 'q', does: 'Only show image ids' },
    format: { kind: 'text', value: 'FORMAT', does: 'table, json or a template such as {{.CreatedBy}}' },
  },
  args: [1, 1],
  act: async ({ args: [name = ''], flags, io, engine }) => {
    const { image, steps } = await imageHistory(await engine(), name);
    const whole = flags.on('no-trunc');
    const human = flags.text('human') !== 'false';
    const id = whole ? image.configDigest : shortId(image.configDigest);
    const rows = steps.map((step, index) => rowOf(step, index === 0 ? id : '<missing>', whole, human));
    if (flags.on('quiet')) {
      for (const row of rows) print(io, row.ID);
      return 0;
    }
    const lines = formatRows(flags.text('format'), rows, HEADINGS);
    const headings = COLUMNS.map((column) => (human || column !== 'CreatedSince' ? HEADINGS[column] : 'CREATED AT'));
    const cells = rows.map((row) => COLUMNS.map((column) => row[column]));
    for (const line of lines ?? [table(headings, cells)]) print(io, line);
    return 0;
  },
};

function rowOf(step: HistoryStep, id: string, whole: boolean, human: boolean) {
  const at = step.created === 0 ? 'N/A' : new Date(step.created).toISOString().replace(/\.\d+Z$/, 'Z');
  const since = step.created === 0 ? 'N/A' : `${formatDuration(Date.now() - step.created)} ago`;
  const command = step.createdBy.replaceAll(/\s+/g, ' ');
  return {
    Comment: step.comment,
    CreatedAt: at,
    CreatedBy: whole || command.length <= LONGEST_COMMAND ? command : `${command.slice(0, LONGEST_COMMAND - 1)}…`,
    CreatedSince: human ? since : at,
    ID: id,
    Size: human ? formatBytes(step.size) : String(step.size),
  };
}
