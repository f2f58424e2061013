import { cloneVolume } from '#engine/volume/clone.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `volume clone`: a copy of a volume under another name. */
export const volumeClone: Verb = {
  flags: {},
  args: [2, 2],
  act: async ({ args: [from = '', to = ''], io, engine }) => {
    await cloneVolume(await engine(), from, to);
    print(io, to);
    return 0;
  },
};
