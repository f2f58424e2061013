/** One container of one runtime: a bundle of busybox and a state directory of its own. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
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
import type { Linux, Process, Spec } from '#runtime/spec/spec.ts';
import { writeBusyboxTree } from '#tools/image/busybox.ts';

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** What `state` prints (runtime-spec runtime.md, state). */
export interface State {
  ociVersion: string;
  id: string;
  status: string;
  pid?: number;
  bundle: string;
  annotations?: Record<string, string>;
}

/** Changes the configuration in place; `linux` and `process` are parts of it. */
export type Change = (spec: Spec, parts: { process: Process; linux: Linux }) => void;

export interface Trial extends Disposable {
  readonly id: string;
  /** The bundle. */
  readonly directory: string;
  readonly rootfs: string;
  /** As `linux.cgroupsPath`, with a slash before it. */
  readonly group: string;
  configure(args: readonly string[], change?: Change): void;
  /** A verb of the runtime and its arguments. */
  call(verb: string, ...args: string[]): Outcome;
  /** The same, and it must succeed. */
  must(verb: string, ...args: string[]): Outcome;
  /** Runs a script of the shell as the container's program; gives its output. It must succeed. */
  inside(script: string, change?: Change): string;
  /** Undefined when the runtime has no such container. */
  state(): State | undefined;
  /** Waits until `state` tells this status. */
  until(status: string): Promise<void>;
}

const SECONDS = 10;

export function trial(command: string): Trial {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-conformance-'));
  chmodSync(directory, 0o755); // the root of a user namespace has to pass
  const id = `trial-${directory.slice(-6)}`;
  const [rootfs, root] = [join(directory, 'rootfs'), join(directory, 'state')];
  mkdirSync(rootfs);
  writeBusyboxTree(rootfs);
  const group = `/sampan-test-conformance-${directory.slice(-6)}`;
  const call = (verb: string, ...args: string[]): Outcome =>
    execute(directory, [...command.split(' '), '--root', root, verb, ...args]);
  const must = (verb: string, ...args: string[]): Outcome => {
    const done = call(verb, ...args);
    if (done.status === 0) return done;
    throw new Error(`${verb} failed with ${done.status}: ${(done.stderr || done.stdout).trim()}`);
  };
  const configure = (args: readonly string[], change: Change = () => {}): void => {
    const spec = defaultSpec();
    const process = { ...(spec.process as Process), terminal: false, args: [...args] };
    const linux: Linux = { ...spec.linux, cgroupsPath: group };
    Object.assign(spec, { ociVersion: '1.0.2', process, linux });
    change(spec, { process, linux });
    writeFileSync(join(directory, 'config.json'), JSON.stringify(spec, undefined, 1));
  };
  const state = (): State | undefined => {
    const { status, stdout } = call('state', id);
    return status === 0 ? (JSON.parse(stdout) as State) : undefined;
  };
  return {
    id,
    directory,
    rootfs,
    group,
    configure,
    call,
    must,
    state,
    inside: (script, change) => {
      configure(['sh', '-c', script], change);
      return must('run', id).stdout;
    },
    until: async (status) => {
      const end = Date.now() + SECONDS * 1000;
      while (state()?.status !== status) {
        if (Date.now() > end) throw new Error(`the container is ${state()?.status ?? 'unknown'}, not ${status}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    [Symbol.dispose]: () => {
      for (const one of existsSync(root) ? readdirSync(root) : []) call('delete', '--force', one);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Output goes to files: a container in the background keeps a pipe open for ever. */
function execute(directory: string, [command = '', ...args]: readonly string[]): Outcome {
  const files = [join(directory, 'out'), join(directory, 'err')] as const;
  const [out, err] = [openSync(files[0], 'w'), openSync(files[1], 'w')];
  try {
    const { status } = spawnSync(command, args, {
      cwd: directory,
      timeout: SECONDS * 1000,
      stdio: ['ignore', out, err],
    });
    return { status, stdout: readFileSync(files[0], 'utf8'), stderr: readFileSync(files[1], 'utf8') };
  } finally {
    closeSync(out);
    closeSync(err);
  }
}
