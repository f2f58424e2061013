import { resolve } from 'node:path';
import type { CreateOptions } from '#runtime/verbs/runtime.ts';
import { containerId } from './container-id.ts';
import { DRY_RUN } from './dry-run.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';

export const CREATE_FLAGS: FlagTable = {
  bundle: { kind: 'text', short: 'b', does: 'directory of the bundle (default: the current one)' },
  'console-socket': { kind: 'text', does: 'unix socket that gets the master of the terminal' },
  'pid-file': { kind: 'text', does: 'file that the process id is written to' },
  config: { kind: 'text', does: "file with the configuration (default: the bundle's config.json)" },
  'pidfd-socket': { kind: 'text', does: 'unix socket that gets the pidfd of the first process' },
  'no-pivot': { kind: 'switch', does: 'change the root without a pivot: less safe' },
  ...DRY_RUN,
  'no-new-keyring': { kind: 'switch', does: 'keep the session keyring of the caller' },
  'preserve-fds': { kind: 'number', does: 'descriptors beyond 0, 1 and 2 that stay open' },
};

/** Flags of `create` and `run` as the runtime wants them. */
export function createOptions(flags: Flags, rest: readonly string[]): CreateOptions {
  const consoleSocket = flags.text('console-socket');
  const pidFile = flags.text('pid-file');
  const config = flags.text('config');
  const pidfdSocket = flags.text('pidfd-socket');
  return {
    id: containerId(rest),
    bundle: resolve(flags.text('bundle') ?? '.'),
    ...(consoleSocket === undefined ? {} : { consoleSocket: resolve(consoleSocket) }),
    ...(pidFile === undefined ? {} : { pidFile: resolve(pidFile) }),
    ...(config === undefined ? {} : { config: resolve(config) }),
    ...(pidfdSocket === undefined ? {} : { pidfdSocket: resolve(pidfdSocket) }),
    noPivot: flags.on('no-pivot'),
    noNewKeyring: flags.on('no-new-keyring'),
    preserveFds: flags.number('preserve-fds') ?? 0,
  };
}
