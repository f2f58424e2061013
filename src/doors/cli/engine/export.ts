import { exportContainer } from '#engine/container/export.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { archiveOutput } from './archive-output.ts';

/** `export`: a container's root file system as an archive. */
export const exportVerb: Verb = {
  flags: { output: { kind: 'text', short: 'o', value: 'FILE', does: 'Write there, not to standard output' } },
  args: [1, 1],
  act: async ({ args: [name = ''], flags, io, engine: open }) => {
    const write = archiveOutput(io, flags.text('output'));
    const engine = await open();
    await exportContainer(engine, engine.containers.find(name), write);
    return 0;
  },
};
