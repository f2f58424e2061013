import { loadForStart } from '#engine/cdi/needed.ts';
import { restartContainer } from '#engine/container/restart.ts';
import { warn } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';
import { STOP_FLAGS, stopRequest } from './stop-options.ts';

/** `restart`: stop what runs, and start it. */
export const restart: Verb = {
  flags: STOP_FLAGS,
  args: [1, Infinity],
  act: (call) => {
    const request = stopRequest(call.flags);
    return forEachContainer(
      call,
      (engine, record) => restartContainer(engine, record, request, { warn: (text) => warn(call.io, text) }),
      loadForStart,
    );
  },
};
