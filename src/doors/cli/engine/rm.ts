import { removeContainer } from '#engine/container/remove.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';

/** `rm`: remove containers. */
export const rm: Verb = {
  flags: {
    force: { kind: 'switch', short: 'f', does: 'Kill a running container first' },
    // Docker's scripts give it always; nothing is left out, as there are no such volumes.
    volumes: { kind: 'switch', short: 'v', does: 'With its anonymous volumes, of which there are none yet' },
  },
  args: [1, Infinity],
  act: (call) => forEachContainer(call, (engine, record) => removeContainer(engine, record, call.flags.on('force'))),
};
