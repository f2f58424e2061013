import { killContainer } from '#engine/container/stop.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';

/** `kill`: a signal for the container's first process. */
export const kill: Verb = {
  flags: { signal: { kind: 'text', short: 's', value: 'SIGNAL', does: 'Signal to send (KILL)' } },
  args: [1, Infinity],
  act: (call) =>
    forEachContainer(call, (engine, record) => killContainer(engine, record, call.flags.text('signal') ?? 'KILL')),
};
