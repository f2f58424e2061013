import { resolve } from 'node:path';
import { usage } from '#doors/cli/flags.ts';
import { compileBundle } from '#runtime/verbs/compile.ts';
import type { OciVerb } from './command.ts';

export const verb: OciVerb = {
  flags: { bundle: { kind: 'text', short: 'b', does: 'directory of the bundle (default: the current one)' } },
  usage: '',
  act: async ({ flags, rest, runtime }) => {
    if (rest.length > 0) throw usage('compile takes no arguments');
    compileBundle(runtime, resolve(flags.text('bundle') ?? '.'));
    return 0;
  },
};
