import { isContainerUp } from '#engine/container/list.ts';
import { stopContainer } from '#engine/container/stop.ts';
import { warn } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { CHOICE_FLAGS, forChosen } from './chosen.ts';
import { STOP_FLAGS, stopRequest } from './stop-options.ts';

/** `stop`: ask to end, kill after a while. */
export const stop: Verb = {
  flags: {
    ...STOP_FLAGS,
    ...CHOICE_FLAGS,
    'until-boot': { kind: 'switch', does: 'The next boot starts unless-stopped ones again, as after a power cut' },
  },
  args: [0, Infinity],
  act: (call) => {
    const request = { ...stopRequest(call.flags), untilBoot: call.flags.on('until-boot') };
    return forChosen(call, isContainerUp, async (engine, record) => {
      const killed = await stopContainer(engine, record, request);
      if (killed) warn(call.io, `container ${record.name} did not heed the signal and was killed`);
    });
  },
};
