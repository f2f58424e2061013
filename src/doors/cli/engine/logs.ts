import { Fault } from '#base/fault.ts';
import { parseMoment } from '#base/moment.ts';
import { readLogs } from '#engine/container/logs.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `logs`: what a container wrote to its two streams. */
export const logs: Verb = {
  flags: {
    follow: { kind: 'switch', short: 'f', does: 'Go on with what is written from now on' },
    tail: { kind: 'text', short: 'n', value: 'N', does: 'Number of lines from the end, or all' },
    timestamps: { kind: 'switch', short: 't', does: 'Show when each line was written' },
    since: {
      kind: 'text',
      value: 'TIME',
      does: 'From then on (2026-11-23T10:00:00Z, a Unix time, or 10m for ten minutes ago)',
    },
    until: { kind: 'text', value: 'TIME', does: 'Up to then' },
  },
  args: [1, 1],
  act: async (call) => {
    const engine = await call.engine();
    const record = engine.containers.find(call.args[0] ?? '');
    const since = moment(call.flags.text('since'), '--since');
    const until = moment(call.flags.text('until'), '--until');
    const tail = lineCount(call.flags.text('tail') ?? 'all');
    const abort = new AbortController();
    process.once('SIGINT', () => abort.abort());
    process.once('SIGTERM', () => abort.abort());
    // A part continues the line before it, so it gets no time of its own.
    const open = { stdout: false, stderr: false };
    await readLogs(
      engine,
      record,
      {
        follow: call.flags.on('follow'),
        signal: abort.signal,
        ...(tail === undefined ? {} : { tail }),
        ...(since === undefined ? {} : { since }),
        ...(until === undefined ? {} : { until }),
      },
      ({ time, stream, text }) => {
        const write = stream === 'stdout' ? call.io.out : call.io.err;
        if (call.flags.on('timestamps') && !open[stream]) write(`${time} `);
        open[stream] = text.at(-1) !== 0x0a;
        write(text);
      },
    );
    return abort.signal.aborted ? 130 : 0;
  },
};

function lineCount(text: string): number | undefined {
  if (text === 'all') return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new Fault('invalid', `read --tail: "${text}" is neither a number nor "all"`, { field: '--tail' });
}

const moment = (value: string | undefined, field: string): number | undefined =>
  value === undefined ? undefined : parseMoment(value, field);
