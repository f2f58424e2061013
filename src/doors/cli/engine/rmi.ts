import { removeImage } from '#engine/image/remove.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `rmi`: take names away, and images with their last name. */
export const rmi: Verb = {
  configure: (command) =>
    void command.argument('<image...>').option('-f, --force', 'Remove an image with all of its names'),
  act: async (call) => {
    const engine = await call.engine();
    let status = 0;
    for (const name of call.args) {
      try {
        const { untagged, deleted } = await removeImage(engine, name, call.options['force'] === true);
        for (const one of untagged) print(call.io, `Untagged: ${one}`);
        if (deleted !== undefined) print(call.io, `Deleted: ${deleted}`);
      } catch (error) {
        status = complain(call.io, error);
      }
    }
    return status;
  },
};
