import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { displayName } from '#engine/image/pull.ts';
import { pullWithProgress } from './pull-progress.ts';

/** `pull`: fetch, verify and unpack an image. */
export const pull: Verb = {
  flags: {
    platform: { kind: 'text', value: 'OS/ARCH', does: 'Platform to take from a multi-platform image' },
    quiet: { kind: 'switch', short: 'q', does: 'Print only the image id' },
    'plain-http': { kind: 'switch', does: 'Speak HTTP to a registry that is not on loopback' },
  },
  args: [1, 1],
  act: async (call) => {
    const [name = ''] = call.args;
    const shown = displayName(name);
    const engine = await call.engine();
    const image = await pullWithProgress(engine, name, call, 'stdout');
    if (call.flags.on('quiet')) print(call.io, image.configDigest);
    else {
      print(call.io, `Digest: ${image.manifestDigest}`);
      print(call.io, shown);
    }
    return 0;
  },
};
