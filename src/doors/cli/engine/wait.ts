import { Fault } from '#base/fault.ts';
import { WAIT_CONDITIONS, waitForContainer, type WaitCondition } from '#engine/container/wait.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `wait`: until containers have ended; prints how, one line each in the order they were named. */
export const wait: Verb = {
  flags: {
    condition: { kind: 'text', value: 'CONDITION', does: `${WAIT_CONDITIONS.join(', ')} (the first is the default)` },
  },
  args: [1, Infinity],
  act: async ({ args, flags, io, engine: open }) => {
    const condition = readCondition(flags.text('condition'));
    const engine = await open();
    // All at once: one that removes itself may be gone before those in front of it have ended.
    const waits = args.map(async (name) => waitForContainer(engine, engine.containers.find(name), condition));
    for (const one of waits) one.catch(() => undefined); // heard below
    let status = 0;
    for (const one of waits) {
      try {
        print(io, String(await one));
      } catch (error) {
        status = complain(io, error);
      }
    }
    return status;
  },
};

function readCondition(text: string | undefined): WaitCondition {
  const found = WAIT_CONDITIONS.find((condition) => condition === (text || 'not-running'));
  if (found !== undefined) return found;
  throw new Fault('invalid', `read --condition: "${text}" is none of ${WAIT_CONDITIONS.join(', ')}`, {
    field: '--condition',
  });
}
