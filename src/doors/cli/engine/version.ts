import { release } from 'node:os';
import { VERSION } from '#base/version.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `version`: what this is and what it runs on. */
export const version: Verb = {
  flags: { format: { kind: 'text', value: 'FORMAT', does: 'text or json' } },
  args: [0, 0],
  act: async (call) => {
    const engine =
      process.versions['bun'] === undefined ? `Node ${process.versions.node}` : `Bun ${process.versions['bun']}`;
    const facts = {
      Version: VERSION,
      Runtime: engine,
      Os: process.platform,
      Arch: process.arch,
      KernelVersion: release(),
    };
    if (call.flags.text('format') === 'json') print(call.io, JSON.stringify(facts));
    else for (const [name, value] of Object.entries(facts)) print(call.io, `${`${name}:`.padEnd(15)}${value}`);
    return 0;
  },
};
