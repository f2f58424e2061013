/** A root of its own, a registry on loopback and a small image in it: what the tests of the command line live in. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { busyboxImage } from '#tools/image/busybox.ts';
import type { ImageDefaults } from '#tools/image/oci-image.ts';
import { pushImage } from '#tools/image/push.ts';
import { rememberRoot } from '#tools/leftover-roots.ts';
import { SAMPAN } from '#tools/places.ts';
import { startRegistry, type TestRegistry } from '#tools/registry.ts';

export interface Outcome {
  status: number | null;
  signal: string | number | null;
  stdout: string;
  stderr: string;
}

export interface CallOptions {
  input?: string | Uint8Array;
  env?: Record<string, string>;
  timeout?: number;
}

export interface CliWorld extends AsyncDisposable {
  root: string;
  registry: TestRegistry;
  /** Name of the small image, `127.0.0.1:PORT/busybox:1`. */
  image: string;
  /** Runs one command to its end. */
  sampan(...args: string[]): Promise<Outcome>;
  call(args: readonly string[], options?: CallOptions): Promise<Outcome>;
  /** Starts one and leaves it running. */
  spawn(args: readonly string[]): ReturnType<typeof spawnSampan>;
  push(name: string, tag: string, defaults?: ImageDefaults): Promise<string>;
  /** Everything of this world that a finished command should not have left behind, in words. */
  leftovers(): string[];
}

export async function cliWorld(): Promise<CliWorld> {
  if (!existsSync(SAMPAN)) throw new Error(`${SAMPAN} is missing: make build`);
  const root = mkdtempSync(join(tmpdir(), 'sampan-cli-'));
  const forget = rememberRoot(root);
  const registry = await startRegistry();
  const push = async (name: string, tag: string, defaults: ImageDefaults = {}): Promise<string> => {
    await pushImage(registry.url, name, tag, busyboxImage(defaults));
    return `${registry.host}/${name}:${tag}`;
  };
  const image = await push('busybox', '1');
  const call = (args: readonly string[], options: CallOptions = {}): Promise<Outcome> => outcome(root, args, options);
  return {
    root,
    registry,
    image,
    push,
    call,
    sampan: (...args) => call(args),
    spawn: (args) => spawnSampan(root, args, {}),
    leftovers: () => leftovers(root),
    [Symbol.asyncDispose]: async () => {
      const all = (await call(['ps', '-aq', '--no-trunc'])).stdout.split('\n').filter(Boolean);
      if (all.length > 0) await call(['rm', '-f', ...all]);
      await registry.stop();
      rmSync(root, { recursive: true, force: true });
      forget();
    },
  };
}

export function spawnSampan(root: string, args: readonly string[], { input, env }: CallOptions) {
  return Bun.spawn([SAMPAN, ...args], {
    stdin: input === undefined ? 'ignore' : Buffer.from(input),
    stdout: 'pipe',
    stderr: 'pipe',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: root, SAMPAN_ROOT: root, ...env },
  });
}

export async function outcome(root: string, args: readonly string[], options: CallOptions): Promise<Outcome> {
  const child = spawnSampan(root, args, options);
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 60_000);
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await child.exited;
  clearTimeout(timer);
  return { status: child.exitCode, signal: child.signalCode, stdout, stderr };
}

/** Mounts, cgroups, processes, container directories and container snapshots that belong to the root. */
export function leftovers(root: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(root));
  const containers = readdirSync(join(root, 'containers')).map((name) => `containers/${name}`);
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ({ pid, line: commandLine(pid) }))
    .filter(({ line }) => line.includes(root))
    .map(({ pid, line }) => `process ${pid}: ${line.replaceAll('\0', ' ')}`);
  const ids = containersEver(root);
  const groups = cgroupsOfSampan().filter((path) => ids.has(basename(path)));
  return [...mounts, ...containers, ...processes, ...groups];
}

/** Ids of all containers that there have been: other roots of this machine have groups beside ours. */
function containersEver(root: string): Set<string> {
  const file = join(root, 'sampan.db');
  if (!existsSync(file)) return new Set();
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare("SELECT DISTINCT actor FROM event WHERE type = 'container'").all();
    return new Set(rows.map(({ actor }) => String(actor)));
  } finally {
    database.close();
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** Cgroups of containers of every root, in all hierarchies. */
export function cgroupsOfSampan(): string[] {
  // A group of somebody else's that goes at this moment is an error to find, and none to us.
  const { stdout } = spawnSync('find', ['/sys/fs/cgroup', '-mindepth', '2', '-type', 'd', '-path', '*/sampan/*'], {
    encoding: 'utf8',
  });
  return stdout.split('\n').filter(Boolean);
}
