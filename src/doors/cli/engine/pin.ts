import { pinImage } from '#engine/image/keep.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

const verb = (pinned: boolean): Verb => ({
  flags: {},
  args: [1, Infinity],
  act: async (call) => {
    const engine = await call.engine();
    let status = 0;
    for (const name of call.args) {
      try {
        pinImage(engine, name, pinned);
        print(call.io, name);
      } catch (error) {
        status = complain(call.io, error);
      }
    }
    return status;
  },
});

/** `image pin`: keep it from prune and from the garbage collection. */
export const pin: Verb = verb(true);
/** `image unpin`: no longer. */
export const unpin: Verb = verb(false);
