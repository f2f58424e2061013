import { topOf } from '#engine/container/top/top.ts';
import { print } from '#doors/cli/io.ts';
import { table } from '#doors/cli/table.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `top`: the processes of a container. */
export const top: Verb = {
  flags: {},
  args: [1, Infinity],
  stop: true,
  act: async ({ args: [name = '', ...options], io, engine: open }) => {
    const engine = await open();
    const { titles, processes } = topOf(engine, engine.containers.find(name), options);
    print(io, table(titles, processes));
    return 0;
  },
};
