import { createReadStream } from 'node:fs';
import { importVolume } from '#engine/volume/transfer.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { withArchiveInput } from './archive-input.ts';

/** `volume import`: an archive over what is in a volume. */
export const volumeImport: Verb = {
  flags: {},
  args: [1, 2],
  act: async ({ args: [name = '', from = '-'], io, engine: open }) => {
    const unpack = async (archive: AsyncIterable<Uint8Array>): Promise<void> => {
      await importVolume(await open(), name, archive);
    };
    await (from === '-' ? withArchiveInput(io, unpack) : unpack(createReadStream(from)));
    return 0;
  },
};
