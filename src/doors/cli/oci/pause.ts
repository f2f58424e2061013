import { pauseContainer, resumeContainer } from '#runtime/verbs/pause.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';

export const pause: OciVerb = {
  flags: {},
  usage: '<container-id>',
  act: async ({ rest, runtime }) => {
    await pauseContainer(runtime, containerId(rest));
    return 0;
  },
};

export const resume: OciVerb = {
  flags: {},
  usage: '<container-id>',
  act: async ({ rest, runtime }) => {
    await resumeContainer(runtime, containerId(rest));
    return 0;
  },
};
