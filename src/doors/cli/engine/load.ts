import { loadImages, type Loaded } from '#engine/image/load.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { withArchiveInput } from './archive-input.ts';
import { cancellable } from './cancellation.ts';
import { progressOn, type PhaseWords } from './layer-progress.ts';
import { makeRoom } from './make-room.ts';

/** Docker draws bars, and prints nothing of layers where there is no terminal. */
const WORDS: Readonly<Record<string, PhaseWords>> = {
  waiting: { text: 'Waiting', silent: true },
  download: { text: 'Loading layer', silent: true },
  unpack: { text: 'Loading layer', silent: true },
  exists: { text: 'Already exists', whole: true, silent: true },
  done: { text: 'Loaded', whole: true, silent: true },
};

/** `load`: images out of an archive or a layout directory. */
export const load: Verb = {
  flags: {
    input: { kind: 'text', short: 'i', value: 'FILE|DIR', does: 'Read from there, not from standard input' },
    quiet: { kind: 'switch', short: 'q', does: 'Print no progress' },
    platform: { kind: 'text', value: 'OS/ARCH', does: 'Platform to take from a multi-platform image' },
    'all-platforms': { kind: 'switch', does: 'Keep multi-platform images whole, and artifacts that have a name' },
  },
  args: [0, 0],
  act: async ({ flags, io, engine: open }) => {
    const [input, platform] = [flags.text('input'), flags.text('platform')];
    const allPlatforms = flags.on('all-platforms');
    const loadFrom = async (from: string | AsyncIterable<Uint8Array>): Promise<Loaded[]> => {
      const engine = await open();
      const progress = flags.on('quiet') ? undefined : await progressOn(io, 'stdout', WORDS);
      const options = {
        allPlatforms,
        ...(platform === undefined ? {} : { platform }),
        ...(progress === undefined ? {} : { onProgress: progress.event }),
      };
      const images = await cancellable((signal) => loadImages(engine, { from, signal, ...options })).finally(() =>
        progress?.finish(),
      );
      const ids = images.map(({ id }) => id);
      await makeRoom(engine, io, ids);
      return images;
    };
    const loaded = await (input === undefined || input === '-' ? withArchiveInput(io, loadFrom) : loadFrom(input));
    for (const { names, id } of loaded) {
      if (names.length === 0) print(io, `Loaded image ID: ${id}`);
      for (const name of names) print(io, `Loaded image: ${name}`);
    }
    return 0;
  },
};
