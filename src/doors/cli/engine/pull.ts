import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { displayName } from '#engine/image/pull.ts';
import { pullWithProgress } from './pull-progress.ts';

/** `pull`: fetch, verify and unpack an image. */
export const pull: Verb = {
  configure: (command) =>
    void command
      .argument('<name>')
      .option('--platform <OS/ARCH>', 'Platform to take from a multi-platform image')
      .option('-q, --quiet', 'Print only the image id')
      .option('--no-tls-verify', 'Plain HTTP, or certificates that nobody vouches for'),
  act: async (call) => {
    const [name = ''] = call.args;
    const shown = displayName(name);
    const engine = await call.engine();
    const image = await pullWithProgress(engine, name, call, 'stdout');
    if (call.options['quiet'] === true) print(call.io, image.configDigest);
    else {
      print(call.io, `Digest: ${image.manifestDigest}`);
      print(call.io, shown);
    }
    return 0;
  },
};
