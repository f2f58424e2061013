import { removeContainer } from '#engine/container/remove.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';

/** `rm`: remove containers. */
export const rm: Verb = {
  flags: {
    force: { kind: 'switch', short: 'f', does: 'Kill a running container first' },
    volumes: { kind: 'switch', short: 'v', does: 'Remove its volumes that nobody named, too' },
  },
  args: [1, Infinity],
  act: (call) => {
    const [force, volumes] = [call.flags.on('force'), call.flags.on('volumes')];
    return forEachContainer(call, (engine, record) =>
      removeContainer(engine, record, force, volumes || record.autoRemove),
    );
  },
};
