import { resolve } from 'node:path';
import type { CreateOptions } from '#runtime/verbs/runtime.ts';
import type { Call } from './command.ts';
import { containerId } from './container-id.ts';
import { DRY_RUN } from './dry-run.ts';
import type { FlagTable } from '#doors/cli/flags.ts';
import { listening } from '#doors/cli/listen.ts';

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

/** Flags of `create` and `run`, and the environment, as the runtime wants them. */
export function createOptions({ flags, rest, world }: Call): CreateOptions {
  // They come before what --preserve-fds counts.
  const listenFds = listening(world.env);
  // Callers that have nothing to say may say so with an empty word.
  const given = (flag: string): string | undefined => flags.text(flag) || undefined;
  const consoleSocket = given('console-socket');
  const pidFile = given('pid-file');
  const notifySocket = world.env['NOTIFY_SOCKET'] || undefined;
  const config = given('config');
  const pidfdSocket = given('pidfd-socket');
  return {
    id: containerId(rest),
    bundle: resolve(flags.text('bundle') ?? '.'),
    ...(consoleSocket === undefined ? {} : { consoleSocket: resolve(consoleSocket) }),
    ...(pidFile === undefined ? {} : { pidFile: resolve(pidFile) }),
    ...(config === undefined ? {} : { config: resolve(config) }),
    ...(pidfdSocket === undefined ? {} : { pidfdSocket: resolve(pidfdSocket) }),
    ...(notifySocket === undefined ? {} : { notifySocket }),
    noPivot: flags.on('no-pivot'),
    noNewKeyring: flags.on('no-new-keyring'),
    preserveFds: listenFds + (flags.number('preserve-fds') ?? 0),
    listenFds,
  };
}
