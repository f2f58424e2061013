/** An ordinary user of this machine, with ids of their own to map, and what they run as. */
import { spawnSync } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultSpec } from '#runtime/spec/default-spec.ts';
import { rootlessSpec } from '#runtime/spec/rootless-spec.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { SAMPAN } from '#tools/places.ts';

const NAME = 'sampan-rootless';

export interface User {
  uid: number;
  gid: number;
  /** The first of the 65536 ids that /etc/subuid gives them; they are groups too. */
  ids: number;
}

/** Made once and kept, as removing a user takes ids from under whatever of theirs still runs. */
export function makeUser(): User {
  if (spawnSync('id', [NAME]).status !== 0) {
    const made = spawnSync('useradd', ['--no-create-home', NAME], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`useradd: ${made.stderr}`);
  }
  const number = (flag: string): number => Number(spawnSync('id', [flag, NAME], { encoding: 'utf8' }).stdout);
  const line = readFileSync('/etc/subuid', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${NAME}:`));
  if (line === undefined) throw new Error('/etc/subuid gives the user no ids');
  return { uid: number('-u'), gid: number('-g'), ids: Number(line.split(':')[1]) };
}

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface UserWorld extends Disposable {
  user: User;
  directory: string;
  rootfs: string;
  /** Writes config.json: that of `spec --rootless` without a terminal, with other arguments, changed. */
  configure(args: readonly string[], change?: (spec: Spec, process: Process) => void): void;
  oci(...args: string[]): Outcome;
  /** Any program as the user; `groups`: from within these control groups. */
  as(command: readonly string[], groups?: readonly string[]): Outcome;
  ids(): string[];
}

export function userWorld(): UserWorld {
  const user = makeUser();
  const directory = mkdtempSync(join(tmpdir(), 'sampan-user-'));
  const rootfs = join(directory, 'rootfs');
  const runtime = join(directory, 'run');
  for (const path of [rootfs, runtime]) mkdirSync(path, { mode: 0o755 });
  writeBusyboxTree(rootfs);
  spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, directory]);
  const as: UserWorld['as'] = (command, groups = []) => {
    const files = [join(directory, 'out'), join(directory, 'err')] as const;
    const [out, err] = [openSync(files[0], 'w'), openSync(files[1], 'w')];
    const enter = groups.map((group) => `echo $$ >'${group}/cgroup.procs'`).join(' && ') || ':';
    const script = `${enter} && exec setpriv --reuid ${user.uid} --regid ${user.gid} --clear-groups -- "$@"`;
    try {
      const { status } = spawnSync('sh', ['-c', script, 'sh', ...command], {
        cwd: directory,
        timeout: 60_000,
        stdio: ['ignore', out, err],
        env: { PATH: '/usr/bin:/bin', HOME: directory, XDG_RUNTIME_DIR: runtime },
      });
      return { status, stdout: readFileSync(files[0], 'utf8'), stderr: readFileSync(files[1], 'utf8') };
    } finally {
      closeSync(out);
      closeSync(err);
    }
  };
  const oci = (...args: string[]): Outcome => as([SAMPAN, 'oci', ...args]);
  const ids = (): string[] => oci('list', '-q').stdout.split('\n').filter(Boolean);
  return {
    user,
    directory,
    rootfs,
    as,
    oci,
    ids,
    configure: (args, change = () => {}) => {
      const spec = rootlessSpec(defaultSpec(), user);
      const process = { ...(spec.process as Process), terminal: false, args: [...args] };
      spec.process = process;
      change(spec, process);
      writeFileSync(join(directory, 'config.json'), JSON.stringify(spec));
      chownSync(join(directory, 'config.json'), user.uid, user.gid);
    },
    [Symbol.dispose]: () => {
      for (const id of ids()) oci('delete', '--force', id);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
