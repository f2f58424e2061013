import { isFault } from '#base/fault.ts';
import { removeNetwork } from '#engine/network/remove.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `network rm`: removes networks that no container is in, and goes on after a failure. */
export const networkRm: Verb = {
  flags: { force: { kind: 'switch', short: 'f', does: 'One that is not there is fine' } },
  args: [1, Infinity],
  act: async ({ args, flags, io, engine: open }) => {
    const engine = await open();
    let status = 0;
    for (const name of args) {
      try {
        await removeNetwork(engine, name);
        print(io, name);
      } catch (error) {
        if (flags.on('force') && isFault(error, 'notFound')) print(io, name);
        else status = complain(io, error);
      }
    }
    return status;
  },
};
