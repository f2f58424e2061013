import { pauseContainer } from '#engine/container/pause.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { forEachContainer } from './each.ts';

/** `pause`: hold every process of a container. */
export const pause: Verb = {
  flags: {},
  args: [1, Infinity],
  act: (call) => forEachContainer(call, pauseContainer),
};
