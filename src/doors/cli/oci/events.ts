import { exactJson } from '#base/exact-json.ts';
import { parseDuration } from '#base/units.ts';
import { containerStats, watchContainer, type Event } from '#runtime/verbs/events.ts';
import { usage, type Flags } from '#doors/cli/flags.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';

export const verb: OciVerb = {
  flags: {
    interval: { kind: 'text', does: 'time between two looks at the counters (default: 5s)' },
    stats: { kind: 'switch', does: 'the counters of this moment, once' },
  },
  usage: '<container-id>',
  act: async ({ flags, rest, runtime, world }) => {
    const id = containerId(rest);
    const interval = intervalOf(flags);
    const tell = (event: Event): void => void world.stdout.write(`${exactJson(event)}\n`);
    if (flags.on('stats')) tell(containerStats(runtime, id));
    else await watchContainer(runtime, id, interval, tell);
    return 0;
  },
};

function intervalOf(flags: Flags): number {
  const text = flags.text('interval') ?? '5s';
  const interval = parseDuration(text);
  if (interval === undefined) throw usage(`invalid value "${text}" for flag --interval`);
  if (interval <= 0) throw usage('duration interval must be greater than 0');
  return interval;
}
