import { Fault } from '#base/fault.ts';
import { formatBytes } from '#base/units.ts';
import { resetSystem } from '#engine/space/reset-system.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { confirm } from './confirm.ts';

/** `system reset`: everything of this root goes. */
export const systemReset: Verb = {
  flags: { force: { kind: 'switch', short: 'f', does: 'Do not ask' } },
  args: [0, 0],
  act: async ({ flags, io, engine: open }) => {
    const engine = await open();
    if (!flags.on('force') && !(await confirm(io, question(engine.root)))) {
      throw new Fault('cancelled', 'system reset has been cancelled');
    }
    let status = 0;
    const { containers, volumes, images, reclaimed } = await resetSystem(engine, (error) => {
      status = complain(io, error);
    });
    print(io, `Removed ${containers} containers, ${volumes} volumes and ${images} images`);
    print(io, `Total reclaimed space: ${formatBytes(reclaimed)}`);
    return status;
  },
};

const question = (root: string): string =>
  [
    `WARNING! This will remove everything in ${root}:`,
    '  - all containers, those that run too',
    '  - all volumes with all that is in them',
    '  - all images, and what has been kept of pulls that were cut off',
    '',
    'Are you sure you want to continue?',
  ].join('\n');
