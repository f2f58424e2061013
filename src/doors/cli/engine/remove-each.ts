import { isFault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** Removes what is named, prints each name, and goes on after a failure. */
export const removeEach = (remove: (engine: Engine, name: string) => Promise<unknown>): Verb => ({
  flags: { force: { kind: 'switch', short: 'f', does: 'One that is not there is fine' } },
  args: [1, Infinity],
  act: async ({ args, flags, io, engine: open }) => {
    const engine = await open();
    let status = 0;
    for (const name of args) {
      try {
        await remove(engine, name);
        print(io, name);
      } catch (error) {
        if (flags.on('force') && isFault(error, 'notFound')) print(io, name);
        else status = complain(io, error);
      }
    }
    return status;
  },
});
