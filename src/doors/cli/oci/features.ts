import { features } from '#runtime/features/features.ts';
import type { OciVerb } from './command.ts';

export const verb: OciVerb = {
  flags: {},
  usage: '',
  act: async ({ runtime, world }) => {
    world.stdout.write(`${JSON.stringify(features(runtime.facts()), undefined, 4)}\n`);
    return 0;
  },
};
