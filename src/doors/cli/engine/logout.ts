import { logout as logOut } from '#engine/registry/logout.ts';
import { registryName } from '#engine/registry/registry-name.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `logout`: forget the credentials for a registry. */
export const logout: Verb = {
  flags: {},
  args: [0, 1],
  act: async ({ args, io }) => {
    const registry = registryName(args[0]);
    const removed = await logOut(registry, io.env);
    print(io, `${removed ? 'Removing login credentials for' : 'Not logged in to'} ${registry}`);
    return 0;
  },
};
