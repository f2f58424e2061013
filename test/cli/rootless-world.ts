/** The engine of an ordinary user: their directories, a small image in a registry, and the command line run as them. */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeUser } from '#test/rootless/user.ts';
import { busyboxImage } from '#tools/image/busybox.ts';
import { pushImage } from '#tools/image/push.ts';
import { SAMPAN } from '#tools/places.ts';
import { startRegistry } from '#tools/registry.ts';

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface RootlessWorld extends AsyncDisposable {
  uid: number;
  gid: number;
  /** First of the ids that /etc/subuid gives the user. */
  ids: number;
  home: string;
  image: string;
  sampan(...args: string[]): Promise<Outcome>;
  /** Any program as the user. */
  as(...command: string[]): Promise<Outcome>;
  spawn(...args: string[]): ReturnType<typeof spawnAs>;
  /** Processes of the user and of their ids that have to do with this world, by their command lines. */
  processes(): string[];
}

interface Who {
  uid: number;
  gid: number;
  home: string;
}

/** A device of their own makes pasta possible where the machine's is for root alone. */
const WITH_TUN = 'mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200; exec "$@"';

function spawnAs({ uid, gid, home }: Who, command: readonly string[]) {
  const as = ['setpriv', '--reuid', String(uid), '--regid', String(gid), '--clear-groups', '--', ...command];
  return Bun.spawn(['unshare', '-m', 'sh', '-c', WITH_TUN, 'sh', ...as], {
    cwd: home,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    env: { PATH: '/usr/bin:/bin:/usr/sbin', HOME: home, XDG_RUNTIME_DIR: join(home, 'run') },
  });
}

async function outcome(who: Who, command: readonly string[]): Promise<Outcome> {
  const child = spawnAs(who, command);
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await child.exited;
  clearTimeout(timer);
  return { status: child.exitCode, stdout, stderr };
}

/** `who`: numbers that need no entry in /etc/passwd; the test user when left out. */
export async function rootlessWorld(who?: { uid: number; gid: number }): Promise<RootlessWorld> {
  const user = makeUser();
  const { uid, gid } = who ?? user;
  const home = mkdtempSync(join(tmpdir(), 'sampan-rootless-'));
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  for (const path of [home, join(home, 'run')]) chownSync(path, uid, gid);
  const registry = await startRegistry();
  await pushImage(registry.url, 'busybox', '1', busyboxImage({}));
  const as = (...command: string[]): Promise<Outcome> => outcome({ uid, gid, home }, command);
  const sampan = (...args: string[]): Promise<Outcome> => as(SAMPAN, ...args);
  return {
    uid,
    gid,
    ids: user.ids,
    home,
    image: `${registry.host}/busybox:1`,
    as,
    sampan,
    spawn: (...args) => spawnAs({ uid, gid, home }, [SAMPAN, ...args]),
    processes: () => processesWith(home),
    [Symbol.asyncDispose]: async () => {
      const all = (await sampan('ps', '-aq', '--no-trunc')).stdout.split('\n').filter(Boolean);
      if (all.length > 0) await sampan('rm', '-f', ...all);
      await registry.stop();
      spawnSync('rm', ['-rf', home]);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function processesWith(home: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' '))
    .filter((line) => line.includes(home));
}

export function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
