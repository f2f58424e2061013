import { killContainer } from '#engine/container/stop.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';

/** `kill`: a signal for the container's first process. */
export const kill: Verb = {
  configure: (command) =>
    void command.argument('<container...>').option('-s, --signal <SIGNAL>', 'Signal to send', 'KILL'),
  act: (call) =>
    forEachContainer(call, (engine, record) => killContainer(engine, record, String(call.options['signal']))),
};
