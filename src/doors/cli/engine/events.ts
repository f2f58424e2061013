import { parseMoment } from '#base/moment.ts';
import { eventFilter } from '#engine/event/filter.ts';
import { followEvents } from '#engine/event/follow.ts';
import type { EngineEvent } from '#engine/event/log.ts';
import { print } from '#doors/cli/io.ts';
import { parseTemplate } from '#doors/cli/template.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';

/** `events`: what happened and what happens. */
export const events: Verb = {
  flags: {
    filter: { kind: 'list', short: 'f', value: 'KEY=VALUE', does: 'container, image, event, type or label' },
    format: { kind: 'text', value: 'FORMAT', does: 'json (one object a line) or a template' },
    since: { kind: 'text', value: 'TIME', does: 'Also what has happened since then (a date, a Unix time, or 10m)' },
    until: { kind: 'text', value: 'TIME', does: 'Up to then, and no longer' },
  },
  args: [0, 0],
  act: async ({ flags, io, engine: open }) => {
    const moment = (name: string): number | undefined => {
      const text = flags.text(name);
      return text === undefined ? undefined : parseMoment(text, `--${name}`);
    };
    const [since, until] = [moment('since'), moment('until')];
    const wanted = eventFilter(flags.list('filter'));
    const line = lineOf(flags.text('format'));
    const engine = await open();
    return cancellable(async (signal) => {
      await followEvents(engine, { since, until, signal }, (event) => {
        if (wanted(event)) print(io, line(event));
      });
      return signal.aborted ? 130 : 0;
    });
  },
};

function lineOf(format: string | undefined): (event: EngineEvent) => string {
  if (format === undefined || format === '') return asText;
  if (format === 'json') return asJson;
  const template = parseTemplate(format);
  return (event) => template({ ...fields(event), TimeNano: nanoseconds(event) });
}

const nanoseconds = ({ time }: EngineEvent): string => `${time}000000`;

function fields({ seq, time, type, action, actor, attributes }: EngineEvent): Record<string, unknown> {
  return {
    status: action,
    id: actor,
    ...(attributes['image'] === undefined ? {} : { from: attributes['image'] }),
    Type: type,
    Action: action,
    Actor: { ID: actor, Attributes: attributes },
    scope: 'local',
    time: Math.floor(time / 1000),
    seq,
    // Names that templates know.
    ID: actor,
    Status: action,
    From: attributes['image'] ?? '',
    Scope: 'local',
    Time: Math.floor(time / 1000),
    Seq: seq,
  };
}

/** Nanoseconds are more than a number of JavaScript holds. */
function asJson(event: EngineEvent): string {
  const { ID: _1, Status: _2, From: _3, Scope: _4, Time: _5, Seq: _6, ...plain } = fields(event);
  return `${JSON.stringify(plain).slice(0, -1)},"timeNano":${nanoseconds(event)}}`;
}

function asText({ time, type, action, actor, attributes }: EngineEvent): string {
  const at = new Date(time).toISOString().replace('Z', '000000Z');
  const pairs = Object.entries(attributes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  return `${at} ${type} ${action} ${actor} (${pairs.join(', ')})`;
}
