import { exportVolume } from '#engine/volume/transfer.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { archiveOutput } from './archive-output.ts';

/** `volume export`: what is in a volume as an archive. */
export const volumeExport: Verb = {
  flags: { output: { kind: 'text', short: 'o', value: 'FILE', does: 'Write there, not to standard output' } },
  args: [1, 1],
  act: async ({ args: [name = ''], flags, io, engine: open }) => {
    const write = archiveOutput(io, flags.text('output'));
    await exportVolume(await open(), name, write);
    return 0;
  },
};
