import { Fault } from '#base/fault.ts';
import { parseMoment } from '#base/moment.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import type { Engine } from '#engine/engine.ts';
import { logAttributes } from '#engine/log/attributes.ts';
import { readLogs, type LogRequest } from '#engine/log/read.ts';
import { logChoice, logSubject } from '#engine/log/target.ts';
import { warn, type Io } from '#doors/cli/io.ts';
import type { Flags } from '#doors/cli/flags.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { logOutput, type LogShape } from './log-output.ts';

/** `logs`: what containers wrote to their two streams. */
export const logs: Verb = {
  flags: {
    details: { kind: 'switch', does: 'Show the labels and variables that --log-opt asked for' },
    follow: { kind: 'switch', short: 'f', does: 'Go on with what is written from now on' },
    names: { kind: 'switch', does: "Show the container's name in front of each line" },
    tail: { kind: 'text', short: 'n', value: 'N', does: 'Number of lines from the end, or all' },
    timestamps: { kind: 'switch', short: 't', does: 'Show when each line was written' },
    since: {
      kind: 'text',
      value: 'TIME',
      does: 'From then on (2026-11-23T10:00:00Z, a Unix time, or 10m for ten minutes ago)',
    },
    until: { kind: 'text', value: 'TIME', does: 'Up to then' },
  },
  args: [1, Infinity],
  act: async ({ args, flags, io, engine: open }) => {
    const engine = await open();
    const records = args.map((name) => engine.containers.find(name));
    const abort = new AbortController();
    const request = { ...logRequest(flags), signal: abort.signal };
    let status = 0;
    for (const [signal, number] of ENDING) {
      process.once(signal, () => {
        status = 128 + number;
        abort.abort();
      });
    }
    const read = (record: ContainerRecord): Promise<void> =>
      readLogs(engine, record, request, outputOf(engine, record, flags, io));
    if (request.follow) await Promise.all(records.map(read));
    else for (const record of records) await read(record);
    return status;
  },
};

const ENDING: readonly (readonly [NodeJS.Signals, number])[] = [
  ['SIGINT', 2],
  ['SIGTERM', 15],
];

function logRequest(flags: Flags): LogRequest {
  const [since, until] = [moment(flags.text('since'), '--since'), moment(flags.text('until'), '--until')];
  const tail = lineCount(flags.text('tail') ?? 'all');
  return {
    follow: flags.on('follow'),
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}

function outputOf(engine: Engine, record: ContainerRecord, flags: Flags, io: Io) {
  const shape: LogShape = {
    timestamps: flags.on('timestamps'),
    name: flags.on('names') ? `${record.name} ` : '',
    details: flags.on('details') ? detailsOf(engine, record) : '',
  };
  return logOutput(io, shape, (files) =>
    warn(
      io,
      `lines of ${record.name} are missing here: ${files === 1 ? 'a file of its log was' : `${files} files of its log were`} ` +
        'rotated away before they could be read (--log-opt max-size and max-file keep more)',
    ),
  );
}

/** As docker writes them: `name=value,name=value` and a space, each escaped as in a query. */
function detailsOf(engine: Engine, record: ContainerRecord): string {
  const attributes = logAttributes(logChoice(record), logSubject(engine, record));
  const word = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');
  return attributes.length === 0 ? '' : `${attributes.map((pair) => pair.map(word).join('=')).join(',')} `;
}

function lineCount(text: string): number | undefined {
  if (text === 'all' || text === '-1') return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new Fault('invalid', `read --tail: "${text}" is neither a number nor "all"`, { field: '--tail' });
}

const moment = (value: string | undefined, field: string): number | undefined =>
  value === undefined ? undefined : parseMoment(value, field);
