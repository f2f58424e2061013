import { resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import { restoreContainer } from '#runtime/verbs/restore.ts';
import { handOnSignals } from '#doors/cli/signals.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';
import { CRIU_FLAGS, criuOptions } from './criu-flags.ts';

export const verb: OciVerb = {
  flags: {
    ...CRIU_FLAGS,
    bundle: { kind: 'text', short: 'b', does: 'directory of the bundle (default: the current one)' },
    detach: { kind: 'switch', short: 'd', does: 'leave the container alone once it runs' },
    'pid-file': { kind: 'text', does: 'file that the process id is written to' },
    'console-socket': { kind: 'text', does: 'refused: a terminal cannot be restored' },
    'network-lock': { kind: 'text', does: 'accepted: it is in the images' },
    'no-subreaper': { kind: 'switch', does: 'accepted: no subreaper is used' },
    'no-pivot': { kind: 'switch', does: 'accepted: criu changes the root in its own way' },
    'lsm-profile': { kind: 'text', does: 'TYPE:NAME of another security profile' },
    'lsm-mount-context': { kind: 'text', does: 'another context of the mounts that have one' },
  },
  usage: '<container-id>',
  act: async ({ flags, rest, runtime, world }) => {
    if (flags.text('console-socket')) {
      const field = '--console-socket';
      throw new Fault('unsupported', `${field}: a container with a terminal cannot be restored`, { field });
    }
    const pidFile = flags.text('pid-file');
    const lsmProfile = flags.text('lsm-profile');
    const lsmMountContext = flags.text('lsm-mount-context');
    return restoreContainer(runtime, {
      ...criuOptions(flags),
      id: containerId(rest),
      bundle: resolve(flags.text('bundle') ?? '.'),
      path: world.env['PATH'],
      detach: flags.on('detach'),
      watch: handOnSignals,
      ...(pidFile ? { pidFile: resolve(pidFile) } : {}),
      ...(lsmProfile ? { lsmProfile } : {}),
      ...(lsmMountContext ? { lsmMountContext } : {}),
    });
  },
};
