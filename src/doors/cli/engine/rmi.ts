import { removeImage } from '#engine/image/remove.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `rmi`: take names away, and images with their last name. */
export const rmi: Verb = {
  flags: { force: { kind: 'switch', short: 'f', does: 'Remove an image with all of its names' } },
  args: [1, Infinity],
  act: async (call) => {
    const engine = await call.engine();
    let status = 0;
    for (const name of call.args) {
      try {
        const { untagged, deleted } = await removeImage(engine, name, call.flags.on('force'));
        for (const one of untagged) print(call.io, `Untagged: ${one}`);
        if (deleted !== undefined) print(call.io, `Deleted: ${deleted}`);
      } catch (error) {
        status = complain(call.io, error);
      }
    }
    return status;
  },
};
