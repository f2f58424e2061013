import { isSaveFormat, SAVE_FORMATS, saveImages } from '#engine/image/save.ts';
import { usage } from '#doors/cli/flags.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { archiveOutput } from './archive-output.ts';

/** `save`: images into an archive. */
export const save: Verb = {
  flags: {
    output: { kind: 'text', short: 'o', value: 'FILE', does: 'Write there, not to standard output' },
    format: {
      kind: 'text',
      value: 'FORMAT',
      does: `${SAVE_FORMATS.join(', ')} (default ${SAVE_FORMATS[0]}, which is an OCI layout as well)`,
    },
    'all-platforms': { kind: 'switch', does: 'Of a name that means an index, all images of it' },
  },
  args: [1, Infinity],
  act: async ({ args: names, flags, io, engine }) => {
    const format = flags.text('format') ?? SAVE_FORMATS[0];
    if (!isSaveFormat(format)) throw usage(`"${format}" is not a format: there are ${SAVE_FORMATS.join(', ')}`);
    const directory = flags.text('output');
    if (format === 'oci-dir' && directory === undefined) throw usage('--format oci-dir needs --output DIR');
    const write = format === 'oci-dir' ? () => Promise.resolve() : archiveOutput(io, directory);
    await saveImages(await engine(), { names, format, allPlatforms: flags.on('all-platforms'), directory, write });
    return 0;
  },
};
