import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import { parseSubGroups } from '#runtime/cgroup/sub-group.ts';
import type { Process } from '#runtime/spec/spec.ts';
import { execInContainer, type ExecOptions } from '#runtime/verbs/exec.ts';
import type { OciVerb } from './command.ts';
import { DRY_RUN, printDryRun } from './dry-run.ts';
import { explainExec } from '#runtime/verbs/explain.ts';
import { usage, type Flags } from '#doors/cli/flags.ts';
import { handOnSignals } from '#doors/cli/signals.ts';

export const verb: OciVerb = {
  flags: {
    'console-socket': { kind: 'text', does: 'unix socket that gets the master of the terminal' },
    cwd: { kind: 'text', does: 'working directory in the container' },
    env: { kind: 'list', short: 'e', does: 'a variable, NAME=VALUE' },
    tty: { kind: 'switch', short: 't', does: 'give the program a terminal' },
    user: { kind: 'text', short: 'u', does: 'UID[:GID]' },
    'additional-gids': { kind: 'list', short: 'g', does: 'a further group id' },
    process: { kind: 'text', short: 'p', does: 'file with the whole process as JSON' },
    detach: { kind: 'switch', short: 'd', does: 'leave the program alone once it runs' },
    'pid-file': { kind: 'text', does: 'file that the process id is written to' },
    'no-new-privs': { kind: 'switch', does: 'set no_new_privs' },
    cap: { kind: 'list', short: 'c', does: 'a further capability' },
    'preserve-fds': { kind: 'number', does: 'descriptors beyond 0, 1 and 2 that stay open' },
    'pidfd-socket': { kind: 'text', does: 'unix socket that gets the pidfd of the program' },
    ...DRY_RUN,
    cgroup: { kind: 'list', does: 'a group below that of the container, [CONTROLLER:]PATH' },
    apparmor: { kind: 'text', does: 'AppArmor profile of the program' },
    'process-label': { kind: 'text', does: 'SELinux label of the program' },
    'ignore-paused': { kind: 'switch', does: 'allow it in a paused container' },
  },
  usage: '<container-id> <command> [arguments]',
  stop: true,
  act: async (call) => {
    const { flags, rest, runtime } = call;
    const [id, ...args] = rest;
    if (id === undefined) throw usage('a container id is needed');
    const file = flags.text('process');
    if (file === undefined && args.length === 0) throw usage('a command is needed');
    const consoleSocket = flags.text('console-socket') || undefined;
    const pidFile = flags.text('pid-file') || undefined;
    const pidfdSocket = flags.text('pidfd-socket') || undefined;
    const process: ExecOptions['process'] =
      file === undefined ? { own: (own) => changed(own, args, flags) } : { whole: readProcess(file) };
    const options: ExecOptions = {
      id,
      process,
      detach: flags.on('detach'),
      ...(consoleSocket === undefined ? {} : { consoleSocket: resolve(consoleSocket) }),
      ...(pidFile === undefined ? {} : { pidFile: resolve(pidFile) }),
      ignorePaused: flags.on('ignore-paused'),
      isPlain: flags.isEmpty,
      ...(pidfdSocket === undefined ? {} : { pidfdSocket: resolve(pidfdSocket) }),
      preserveFds: flags.number('preserve-fds') ?? 0,
      subGroups: parseSubGroups(flags.list('cgroup')),
      watch: handOnSignals,
    };
    return flags.on('dry-run') ? printDryRun(call, explainExec(runtime, options)) : execInContainer(runtime, options);
  },
};

function readProcess(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Fault('invalid', `read the process from ${file}`, { cause: error, field: '--process' });
  }
}

/** The container's own process with what the flags say instead. */
function changed(own: Process, args: readonly string[], flags: Flags): Process {
  const user = flags.text('user');
  const groups = flags.list('additional-gids').map((text) => idNumber(text, '--additional-gids'));
  const cwd = flags.text('cwd');
  const added = flags.list('cap');
  const apparmorProfile = flags.text('apparmor');
  const selinuxLabel = flags.text('process-label');
  const withAdded = (names: readonly string[] = []): string[] => [...new Set([...names, ...added])];
  const { capabilities = {} } = own;
  return {
    ...own,
    args: [...args],
    terminal: flags.on('tty'),
    env: [...(own.env ?? []), ...flags.list('env')],
    ...(cwd === undefined ? {} : { cwd }),
    user: {
      ...(user === undefined ? own.user : parseUser(user)),
      ...(groups.length === 0 ? {} : { additionalGids: groups }),
    },
    ...(apparmorProfile === undefined ? {} : { apparmorProfile }),
    ...(selinuxLabel === undefined ? {} : { selinuxLabel }),
    ...(flags.on('no-new-privs') ? { noNewPrivileges: true } : {}),
    ...(added.length === 0
      ? {}
      : {
          capabilities: {
            ...capabilities,
            bounding: withAdded(capabilities.bounding),
            effective: withAdded(capabilities.effective),
            permitted: withAdded(capabilities.permitted),
          },
        }),
  };
}

/** UID[:GID] in whole numbers; nothing that only starts with one counts. */
function parseUser(text: string): Process['user'] {
  const [uid = '', gid, more] = text.split(':');
  if (more !== undefined) throw usage(`invalid value "${text}" for flag --user`);
  return { uid: idNumber(uid, '--user'), gid: gid === undefined ? 0 : idNumber(gid, '--user') };
}

function idNumber(text: string, flag: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffff_fffe) throw usage(`invalid value "${text}" for flag ${flag}`);
  return Number(text);
}
