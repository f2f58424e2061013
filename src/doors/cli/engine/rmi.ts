import { isFault } from '#base/fault.ts';
import { removeImage } from '#engine/image/remove.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `rmi`: take names away, and images with their last name. */
export const rmi: Verb = {
  flags: {
    force: {
      kind: 'switch',
      short: 'f',
      does: 'By id: with all names. By name: the last one too while containers use the image, which stays for them',
    },
    'no-prune': { kind: 'switch', does: 'Keep parents without a name; there are none here' },
  },
  args: [1, Infinity],
  act: async (call) => {
    const engine = await call.engine();
    const force = call.flags.on('force');
    let status = 0;
    for (const name of call.args) {
      try {
        const { untagged, deleted } = await removeImage(engine, name, force);
        for (const one of untagged) print(call.io, `Untagged: ${one}`);
        if (deleted !== undefined) print(call.io, `Deleted: ${deleted}`);
      } catch (error) {
        const failed = complain(call.io, error);
        // What is to be gone is gone.
        if (!(force && isFault(error, 'notFound'))) status = failed;
      }
    }
    return status;
  },
};
