/** What the launcher's tests share: a root file system of one static program, and plans run for real. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePlan } from '#kernel/encode.ts';
import { nativeLauncher, type Launch, type LaunchResult } from '#kernel/launcher.ts';
import type { Plan, Program, Step } from '#kernel/plan.ts';
import { errnoName } from '#kernel/failure.ts';
import { gatherData, type ReportRecord } from '#kernel/report.ts';
import { readAll, scratchFile } from '#kernel/scratch.ts';

export const DIST = process.env['SAMPAN_TEST_DIST'] ?? new URL('../../dist', import.meta.url).pathname;

/** The builds that every behaviour is tested on: the shipped one and the one with sanitizers. */
export const BUILDS = ['launcher', 'launcher-asan'].map((name) => join(DIST, name));

export const CLONE = {
  NEWNS: 0x20000n,
  NEWCGROUP: 0x2000000n,
  NEWUTS: 0x4000000n,
  NEWIPC: 0x8000000n,
  NEWUSER: 0x10000000n,
  NEWPID: 0x20000000n,
  NEWNET: 0x40000000n,
} as const;
export const ALL_NAMESPACES = CLONE.NEWNS | CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWPID | CLONE.NEWNET;

export const O = { PATH: 0o10000000, DIRECTORY: 0o200000, RDWR: 2, NONBLOCK: 0o4000 } as const;
export const MS_PRIVATE_REC = (1 << 18) | (1 << 14);

export interface Outcome extends LaunchResult {
  stdout: string;
  stderr: string;
  /** What `readFile` steps sent, by path. */
  data: Map<string, Buffer>;
}

/** The failure that was reported, with the errno's name. */
export function failure(outcome: LaunchResult): (ReportRecord & { name: string }) | undefined {
  const failures = outcome.records.filter((record) => record.kind === 'fail');
  if (failures.length > 1) throw new Error(`${failures.length} failures were reported`);
  const found = failures[0];
  return found === undefined ? undefined : { ...found, name: errnoName(found.value) };
}

/** A place of one test's own, gone after it. */
export class Scene {
  readonly dir = mkdtempSync(join(tmpdir(), 'sampan-test-'));
  readonly root = join(this.dir, 'root');
  readonly binary: string;

  constructor(binary: string) {
    if (!existsSync(binary)) throw new Error(`${binary} is not built; run make -C launcher all asan`);
    this.binary = binary;
    for (const path of ['bin', 'proc', 'dev', 'tmp', 'etc', 'sys'])
      mkdirSync(join(this.root, path), { recursive: true });
    copyFileSync('/bin/busybox', join(this.root, 'bin/busybox'));
    symlinkSync('busybox', join(this.root, 'bin/sh'));
  }

  /** Starts a plan; standard output and error are files. */
  start(plan: Plan | Uint8Array, inherited: readonly number[] = []): { launch: Launch; outcome: Promise<Outcome> } {
    const out = scratchFile(this.dir, undefined);
    const err = scratchFile(this.dir, undefined);
    const bytes = plan instanceof Uint8Array ? plan : encodePlan(plan);
    const launch = nativeLauncher(this.binary, this.dir).launch({
      plan: bytes,
      stdio: ['ignore', out, err],
      inherited,
    });
    const outcome = launch.result.then((result) => ({
      ...result,
      stdout: readAll(out).toString(),
      stderr: readAll(err).toString(),
      data: gatherData(result.records),
    }));
    return { launch, outcome };
  }

  run(plan: Plan | Uint8Array, inherited: readonly number[] = []): Promise<Outcome> {
    return this.start(plan, inherited).outcome;
  }

  /** Whether the scene's own directory has something of that name. */
  has(name: string): boolean {
    return existsSync(join(this.dir, name));
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export const program = (name: string, ...steps: Step[]): Program => ({ name, steps });

/** A plan of one program. */
export const alone = (...steps: Step[]): Plan => ({ programs: [program('main', ...steps)] });

/** The steps that end in a shell of the root, for what a test wants to see from inside. */
export function shell(script: string): Step {
  return { op: 'exec', candidates: ['/bin/busybox'], argv: ['sh', '-c', script], env: ['PATH=/bin'] };
}

/** The first steps of a container: its root as a mount of its own, in slot `root`. */
export function enterRoot(path: string): Step[] {
  return [
    { op: 'propagation', flags: MS_PRIVATE_REC },
    { op: 'tree', path, recursive: 1, out: 'root' },
    { op: 'attachAt', mount: 'root', path },
  ];
}

export const MOUNT_PROC: Step[] = [
  { op: 'mkpath', root: 'root', path: '/proc', mode: 0o755, nofollow: 1, out: 'at' },
  { op: 'fsmount', fstype: 'proc', source: 'proc', out: 'proc' },
  { op: 'attach', mount: 'proc', target: 'at' },
];

/** A plan that clones a container with its own namespaces, does `then` beside it and supervises it. */
export function container(
  steps: readonly Step[],
  flags: bigint = ALL_NAMESPACES,
  before: readonly Step[] = [],
  then: readonly Step[] = [],
): Plan {
  const clone: Step = { op: 'clone', program: 'container', flags, out: 'init', report: 1 };
  return {
    programs: [
      program('main', ...before, clone, ...then, { op: 'supervise', pidfd: 'init' }),
      program('container', ...steps),
    ],
  };
}

/** A container that makes its root, does `steps` before the pivot, then runs the script. */
export function scripted(scene: Scene, steps: readonly Step[], script: string, after: readonly Step[] = []): Plan {
  return container([...enterRoot(scene.root), ...steps, { op: 'pivot', root: 'root' }, ...after, shell(script)]);
}

/** Numbers of the processes that have `text` in their command line. */
export function processesWith(text: string): string[] {
  const found = Bun.spawnSync(['pgrep', '-f', text]).stdout.toString();
  return found.split('\n').filter((pid) => pid !== '' && readCommand(pid).includes(text));
}

function readCommand(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
