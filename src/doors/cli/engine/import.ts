import { importRootfs } from '#engine/image/import.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { withArchiveInput } from './archive-input.ts';
import { CHANGE } from './change-flag.ts';
import { cancellable } from './cancellation.ts';
import { makeRoom } from './make-room.ts';

/** `import`: an image out of a root file system. */
export const importVerb: Verb = {
  flags: {
    change: CHANGE,
    message: { kind: 'text', short: 'm', value: 'TEXT', does: 'What the history says of it' },
    platform: { kind: 'text', value: 'OS/ARCH', does: 'What the image is for, if not for this machine' },
  },
  args: [1, 2],
  act: async ({ args: [file = '', name], flags, io, engine: open }) => {
    const platform = flags.text('platform');
    const importFrom = async (from: string | AsyncIterable<Uint8Array>): Promise<string> => {
      const engine = await open();
      const request = { from, name, changes: flags.list('change'), message: flags.text('message') };
      const id = await cancellable((signal) =>
        importRootfs(engine, { ...request, signal, ...(platform === undefined ? {} : { platform }) }),
      );
      await makeRoom(engine, io, [id]);
      return id;
    };
    print(io, await (file === '-' ? withArchiveInput(io, importFrom) : importFrom(file)));
    return 0;
  },
};
