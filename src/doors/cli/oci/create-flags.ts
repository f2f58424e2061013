import { resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { CreateOptions } from '#runtime/verbs/runtime.ts';
import { containerId } from './container-id.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';

export const CREATE_FLAGS: FlagTable = {
  bundle: { kind: 'text', short: 'b', does: 'directory of the bundle (default: the current one)' },
  'console-socket': { kind: 'text', does: 'unix socket that gets the master of the terminal' },
  'pid-file': { kind: 'text', does: 'file that the process id is written to' },
  'no-pivot': { kind: 'switch', does: 'refused: it would leave the host within reach' },
  'no-new-keyring': { kind: 'switch', does: 'keep the session keyring of the caller' },
  'preserve-fds': { kind: 'number', does: 'descriptors beyond 0, 1 and 2 that stay open' },
};

/** Flags of `create` and `run` as the runtime wants them. */
export function createOptions(flags: Flags, rest: readonly string[]): CreateOptions {
  if (flags.on('no-pivot')) {
    throw new Fault('unsupported', '--no-pivot is not supported: a container could reach the host through it', {
      field: '--no-pivot',
    });
  }
  const consoleSocket = flags.text('console-socket');
  const pidFile = flags.text('pid-file');
  return {
    id: containerId(rest),
    bundle: resolve(flags.text('bundle') ?? '.'),
    ...(consoleSocket === undefined ? {} : { consoleSocket: resolve(consoleSocket) }),
    ...(pidFile === undefined ? {} : { pidFile: resolve(pidFile) }),
    noNewKeyring: flags.on('no-new-keyring'),
    preserveFds: flags.number('preserve-fds') ?? 0,
  };
}
