/** A bundle of busybox and a state directory of its own for the tests of `sampan oci`. */
import { spawnSync, type SpawnSyncOptions } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultSpec } from '#runtime/spec/default-spec.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { SAMPAN } from '#tools/places.ts';

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface OciWorld extends Disposable {
  directory: string;
  rootfs: string;
  /** Writes config.json: the default one without a terminal, with other arguments, changed. */
  configure(args: readonly string[], change?: (spec: Spec, process: Process) => void): void;
  oci(...args: string[]): Outcome;
  /** The same by another command, which gets the path of the program and its arguments; or by another name. */
  by(command: readonly string[], args: readonly string[], env?: Record<string, string>): Outcome;
  /** By another build of the program. */
  with(program: string, ...args: string[]): Outcome;
  /** By the large program, which knows nothing of stored plans. */
  largely(...args: string[]): Outcome;
  /** The same, not waited for; its output goes to the file `spawned`. */
  spawn(...args: string[]): Bun.Subprocess;
  /** Control groups and state directories that are still there. */
  leftovers(): string[];
}

const GROUP = 'sampan-test-oci-';
/** `SAMPAN_TEST_COMPILED=1 bun test test/oci test/security`: every bundle that can be is compiled first. */
const COMPILED = process.env['SAMPAN_TEST_COMPILED'] !== undefined;

export function ociWorld(): OciWorld {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-oci-'));
  const rootfs = join(directory, 'rootfs');
  mkdirSync(rootfs);
  writeBusyboxTree(rootfs);
  const state = join(directory, 'state');
  const words = (args: readonly string[]): string[] => ['oci', '--root', state, ...args];
  const oci = (...args: string[]): Outcome => call(directory, [SAMPAN, ...words(args)]);
  return {
    directory,
    rootfs,
    oci,
    by: (command, args, env) =>
      call(directory, [...command, SAMPAN, ...words(args)], { env: { ...process.env, ...env } }),
    with: (program, ...args) => call(directory, [program, ...words(args)]),
    largely: (...args) => call(directory, [SAMPAN, ...words(args)], { argv0: 'sampan-large' }),
    configure: (args, change = () => {}) => {
      const spec = defaultSpec();
      const process = { ...(spec.process as Process), terminal: false, args: [...args] };
      spec.process = process;
      spec.linux = { ...spec.linux, cgroupsPath: `/${GROUP}${directory.slice(-6)}` };
      change(spec, process);
      writeFileSync(join(directory, 'config.json'), JSON.stringify(spec));
      if (COMPILED) oci('compile');
    },
    spawn: (...args) =>
      Bun.spawn([SAMPAN, 'oci', '--root', state, ...args], {
        cwd: directory,
        stdin: 'ignore',
        stdout: Bun.file(join(directory, 'spawned')),
        stderr: 'ignore',
      }),
    leftovers: () => [...groups(directory.slice(-6)), ...entries(state)],
    [Symbol.dispose]: () => {
      for (const id of entries(state)) oci('delete', '--force', id);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Output goes to files: a container in the background keeps a pipe open for ever. */
function call(directory: string, [command = '', ...args]: readonly string[], options: SpawnSyncOptions = {}): Outcome {
  const files = [join(directory, 'out'), join(directory, 'err')] as const;
  const [out, err] = [openSync(files[0], 'w'), openSync(files[1], 'w')];
  try {
    const { status } = spawnSync(command, args, {
      ...options,
      cwd: directory,
      timeout: 30_000,
      stdio: ['ignore', out, err],
    });
    return { status, stdout: readFileSync(files[0], 'utf8'), stderr: readFileSync(files[1], 'utf8') };
  } finally {
    closeSync(out);
    closeSync(err);
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function groups(name: string): string[] {
  const places = ['/sys/fs/cgroup', ...entries('/sys/fs/cgroup').map((entry) => `/sys/fs/cgroup/${entry}`)];
  return places.map((place) => `${place}/${GROUP}${name}`).filter((path) => existsSync(path));
}
