import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import { defaultSpec } from '#runtime/spec/default-spec.ts';
import { rootlessSpec } from '#runtime/spec/rootless-spec.ts';
import type { OciVerb } from './command.ts';

export const verb: OciVerb = {
  flags: {
    bundle: { kind: 'text', short: 'b', does: 'directory that config.json is written to' },
    rootless: { kind: 'switch', does: 'for an ordinary user: this one' },
  },
  usage: '',
  act: async ({ flags, runtime }) => {
    const spec = flags.on('rootless') ? rootlessSpec(defaultSpec(), runtime.facts()) : defaultSpec();
    const path = join(resolve(flags.text('bundle') ?? '.'), 'config.json');
    try {
      writeFileSync(path, `${JSON.stringify(spec, undefined, '\t')}\n`, { flag: 'wx', mode: 0o666 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new Fault('alreadyExists', `File config.json exists. Remove it first`, { facts: { path } });
    }
    return 0;
  },
};
