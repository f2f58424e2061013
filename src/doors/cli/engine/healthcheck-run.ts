import { checkHealth } from '#engine/container/health.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `healthcheck run`: one check now. 0 when it succeeds; 1, and a word about the container, when not. */
export const healthcheckRun: Verb = {
  flags: {},
  args: [1, 1],
  act: async ({ args, io, engine: open }) => {
    const engine = await open();
    const { good, status } = await checkHealth(engine, engine.containers.find(args[0] ?? ''));
    if (good) return 0;
    print(io, status === 'healthy' ? 'unhealthy' : status);
    return 1;
  },
};
