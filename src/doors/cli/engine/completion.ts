import { Fault } from '#base/fault.ts';
import { SCRIPTS } from '#doors/cli/completion/scripts.ts';
import { complete as completeWords, type NameSource } from '#doors/cli/completion/complete.ts';
import { globalFlags } from '#doors/cli/global-flags.ts';
import { print } from '#doors/cli/io.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { familiar } from '#engine/image/list.ts';
import { listVolumes } from '#engine/volume/list.ts';

/** `completion`: the script that a shell reads. */
export const completion: Verb = {
  flags: {},
  args: [1, 1],
  act: (call) => {
    const [shell = ''] = call.args;
    const script = SCRIPTS[shell];
    if (script === undefined) {
      throw new Fault('invalid', `completion for "${shell}"`, {
        field: 'SHELL',
        facts: { usage: true },
        hint: `There is completion for ${Object.keys(SCRIPTS).join(', ')}.`,
      });
    }
    call.io.out(script);
    return Promise.resolve(0);
  },
};

/**
 * `__complete`: what may come next, a line each with what it does after a tab; `:files` when names of files may come too.
 * Nothing goes wrong here: without a store there are no names.
 */
export const complete: Verb = {
  flags: {},
  args: [0, Number.POSITIVE_INFINITY],
  stop: true,
  act: async (call) => {
    const { candidates, files } = await completeWords(call.args, namesOf(call));
    for (const { word, does } of candidates) print(call.io, `${word}\t${does}`);
    if (files) print(call.io, ':files');
    return 0;
  },
};

function namesOf(call: Call): NameSource {
  return async (kind) => {
    const { flags } = globalFlags(call.args);
    const engine = await call.engine(flags);
    if (kind === 'container') return engine.containers.list().map(({ name }) => name);
    if (kind === 'volume') return listVolumes(engine).map(({ record }) => record.name);
    return engine.store.images.list().flatMap(({ names }) => names.map(familiar));
  };
}
