import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import { formatBytes, parseDuration } from '#base/units.ts';
import { collectDirectory, LEFT_OVER_MS } from '#engine/hosting/hosting.ts';
import { usage } from '#doors/cli/flags.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `registry gc`: remove what nothing leads to; a registry may be serving the directory meanwhile. */
export const registryGc: Verb = {
  flags: {
    root: { kind: 'text', value: 'DIR', does: "The registry's directory" },
    'delete-untagged': { kind: 'switch', short: 'm', does: 'Also manifests that no tag, index or subject leads to' },
    verify: { kind: 'switch', does: 'Read every blob, and remove those that are not what they should be' },
    'dry-run': { kind: 'switch', short: 'd', does: 'Only say what would be removed' },
    'min-age': {
      kind: 'text',
      value: 'TIME',
      does: 'Keep what was pushed or asked for since (default 24h; 0s while nobody pushes)',
    },
  },
  args: [0, 0],
  act: async ({ flags, io }) => {
    const root = flags.text('root');
    if (root === undefined) throw usage('Give --root DIR');
    const age = flags.text('min-age');
    const minimumAge = age === undefined ? LEFT_OVER_MS : parseDuration(age);
    if (minimumAge === undefined) throw usage(`--min-age is "${age}" and not a time such as 12h`);
    if (!existsSync(join(root, 'registry.db'))) {
      throw new Fault('notFound', `collect ${root}: there is no registry in it`, { field: '--root' });
    }
    const [dryRun, verify] = [flags.on('dry-run'), flags.on('verify')];
    const untagged = flags.on('delete-untagged');
    const found = await collectDirectory({ root: resolve(root), minimumAge, dryRun, untagged, verify });
    const { manifests, blobs, uploads, damaged, bytes } = found;
    const wrong = verify ? ` (${damaged} of them damaged)` : '';
    const what = `${manifests} manifests, ${blobs} blobs${wrong} and ${uploads} unfinished uploads, ${formatBytes(bytes)}`;
    print(io, dryRun ? `Would remove ${what}` : `Removed ${what}`);
    return 0;
  },
};
