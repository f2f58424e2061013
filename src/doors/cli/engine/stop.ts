import { Fault } from '#base/fault.ts';
import { stopContainer } from '#engine/container/stop.ts';
import { warn } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';

/** `stop`: ask to end, kill after a while. */
export const stop: Verb = {
  flags: {
    time: { kind: 'text', short: 't', value: 'SECONDS', does: 'How long to wait before killing it (-1 for ever)' },
  },
  args: [1, Infinity],
  act: (call) => {
    const time = call.flags.text('time');
    if (time !== undefined && !/^-?\d+$/.test(time))
      throw new Fault('invalid', `read --time: "${time}" is not a whole number`, { field: '--time' });
    return forEachContainer(call, async (engine, record) => {
      const killed = await stopContainer(engine, record, time === undefined ? undefined : Number(time));
      if (killed) warn(call.io, `container ${record.name} did not heed the signal and was killed`);
    });
  },
};
