import { stopContainer } from '#engine/container/stop.ts';
import { warn } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';
import { STOP_FLAGS, stopRequest } from './stop-options.ts';

/** `stop`: ask to end, kill after a while. */
export const stop: Verb = {
  flags: STOP_FLAGS,
  args: [1, Infinity],
  act: (call) => {
    const request = stopRequest(call.flags);
    return forEachContainer(call, async (engine, record) => {
      const killed = await stopContainer(engine, record, request);
      if (killed) warn(call.io, `container ${record.name} did not heed the signal and was killed`);
    });
  },
};
