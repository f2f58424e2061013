import { Fault } from '#base/fault.ts';
import { inspectContainer, inspectImage } from '#engine/inspect.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `inspect`: an array with what is known of each name, containers before images. */
export const inspect: Verb = {
  flags: { type: { kind: 'text', value: 'TYPE', does: 'container or image' } },
  args: [1, Infinity],
  act: async (call) => {
    const engine = await call.engine();
    const type = call.flags.text('type');
    const found: unknown[] = [];
    let status = 0;
    for (const name of call.args) {
      try {
        const one =
          (type === 'image' ? undefined : inspectContainer(engine, name)) ??
          (type === 'container' ? undefined : inspectImage(engine, name));
        if (one === undefined) throw new Fault('notFound', `No such object: ${name}`);
        found.push(one);
      } catch (error) {
        status = complain(call.io, error);
      }
    }
    print(call.io, JSON.stringify(found, undefined, 4));
    return status;
  },
};
