import { startContainer } from '#runtime/verbs/start.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';

export const verb: OciVerb = {
  flags: {},
  usage: '<container-id>',
  act: async ({ rest, runtime, world }) => {
    await startContainer(runtime, containerId(rest), world.env['NOTIFY_SOCKET'] || undefined);
    return 0;
  },
};
