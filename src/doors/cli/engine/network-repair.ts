import { repairNetworks } from '#engine/network/repair.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `network repair`: prints the networks that running containers are in. */
export const networkRepair: Verb = {
  flags: {},
  args: [0, 0],
  act: async ({ io, engine: open }) => {
    for (const name of await repairNetworks(await open())) print(io, name);
    return 0;
  },
};
