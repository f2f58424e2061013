import { writeFileSync } from 'node:fs';
import { pushList } from '#engine/manifest/push.ts';
import { usage } from '#doors/cli/flags.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';
import { COPY_WORDS } from './copy-words.ts';
import { progressOn } from './layer-progress.ts';
import { ACCESS_FLAGS, accessOf } from './manifest-flags.ts';

/** `manifest push`: a list, and unless told otherwise its images, to a registry or another place. */
export const manifestPush: Verb = {
  flags: {
    all: { kind: 'switch', does: '=false: the list alone (default true)' },
    digestfile: { kind: 'text', value: 'FILE', does: 'Write the digest there' },
    format: { kind: 'text', short: 'f', value: 'FORMAT', does: 'oci or v2s2; as it is when left out' },
    purge: { kind: 'switch', short: 'p', does: 'Remove the list here once it is there' },
    rm: { kind: 'switch', does: 'The same as --purge' },
    quiet: { kind: 'switch', short: 'q', does: 'Print only the digest' },
    ...ACCESS_FLAGS,
  },
  args: [1, 2],
  act: async ({ args: [name = '', destination], flags, io, engine: open }) => {
    const format = flags.text('format');
    if (format !== undefined && format !== 'oci' && format !== 'v2s2')
      throw usage(`"${format}" is no format: there are oci, v2s2`);
    const engine = await open();
    const progress = flags.on('quiet') ? undefined : await progressOn(io, 'stderr', COPY_WORDS);
    try {
      const { digest } = await cancellable((signal) =>
        pushList(engine, name, destination, {
          access: accessOf(flags, io, signal),
          all: flags.text('all') !== 'false',
          purge: flags.on('purge') || flags.on('rm'),
          signal,
          ...(format === undefined ? {} : { format }),
          ...(progress === undefined ? {} : { onProgress: progress.event }),
        }),
      );
      const file = flags.text('digestfile');
      if (file !== undefined) writeFileSync(file, digest);
      print(io, digest);
    } finally {
      progress?.finish();
    }
    return 0;
  },
};
