import { renameContainer } from '#engine/container/rename.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `rename`: another name for a container. */
export const rename: Verb = {
  flags: {},
  args: [2, 2],
  act: async ({ args: [name = '', wanted = ''], engine: open }) => {
    const engine = await open();
    await renameContainer(engine, engine.containers.find(name), wanted);
    return 0;
  },
};
