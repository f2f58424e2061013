import { checkpointContainer } from '#runtime/verbs/checkpoint.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';
import { CRIU_FLAGS, criuOptions } from './criu-flags.ts';

export const verb: OciVerb = {
  flags: {
    ...CRIU_FLAGS,
    'parent-path': { kind: 'text', does: 'images of an earlier pre-dump, relative to --image-path' },
    'leave-running': { kind: 'switch', does: 'let the container run on' },
    'pre-dump': { kind: 'switch', does: 'write memory only, and let the container run on' },
    'page-server': { kind: 'text', does: 'ADDRESS:PORT that takes the memory' },
    'network-lock': { kind: 'text', does: 'how the network is kept still: iptables, nftables or skip' },
    'status-fd': { kind: 'number', does: 'descriptor that is told when lazy pages are served' },
    'link-remap': { kind: 'switch', does: 'link removed files back' },
    'tcp-skip-in-flight': { kind: 'switch', does: 'leave out TCP connections that are being made' },
  },
  usage: '<container-id>',
  act: async ({ flags, rest, runtime, world }) => {
    const parent = flags.text('parent-path');
    const pageServer = flags.text('page-server');
    const networkLock = flags.text('network-lock');
    const statusFd = flags.number('status-fd');
    await checkpointContainer(runtime, {
      ...criuOptions(flags),
      id: containerId(rest),
      path: world.env['PATH'],
      leaveRunning: flags.on('leave-running'),
      preDump: flags.on('pre-dump'),
      linkRemap: flags.on('link-remap'),
      skipInFlight: flags.on('tcp-skip-in-flight'),
      ...(parent ? { parent } : {}),
      ...(networkLock ? { networkLock } : {}),
      ...(pageServer ? { pageServer } : {}),
      ...(statusFd === undefined ? {} : { statusFd }),
    });
    return 0;
  },
};
