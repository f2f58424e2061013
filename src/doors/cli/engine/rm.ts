import { removeContainer } from '#engine/container/remove.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';

/** `rm`: remove containers. */
export const rm: Verb = {
  configure: (command) =>
    void command.argument('<container...>').option('-f, --force', 'Kill a running container first'),
  act: (call) =>
    forEachContainer(call, (engine, record) => removeContainer(engine, record, call.options['force'] === true)),
};
