import { settle } from '#engine/container/reconcile.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** What a monitor calls at the end of a container that removes itself. */
export const cleanup: Verb = {
  flags: {},
  args: [1, 1],
  act: async (call) => {
    const engine = await call.engine();
    await settle(engine, call.args[0] ?? '');
    return 0;
  },
};
