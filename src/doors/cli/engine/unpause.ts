import { unpauseContainer } from '#engine/container/pause.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';

/** `unpause`: let them go on. */
export const unpause: Verb = {
  flags: {},
  args: [1, Infinity],
  act: (call) => forEachContainer(call, unpauseContainer),
};
