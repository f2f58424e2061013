/** A bundle of busybox for `sampan oci`, and what is asked of it on the unified hierarchy. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import type { Resources } from '#runtime/spec/spec.ts';
import { SAMPAN } from '#tools/places.ts';

export interface Bundle extends Disposable {
  rootfs: string;
  /** `sampan oci VERB ...` with the bundle's own state directory. */
  oci(...args: string[]): { status: number | null; stdout: string; stderr: string };
  /** The same, not waited for; its output can be read. */
  spawn(...args: string[]): Bun.Subprocess;
  /** Runs a shell script under these limits to its end. */
  run(id: string, resources: Resources, script: string): { status: number | null; stdout: string; stderr: string };
  /** The same in the background. */
  runDetached(
    id: string,
    resources: Resources,
    script: string,
  ): { status: number | null; stdout: string; stderr: string };
}

interface Config {
  process: { terminal: boolean; args: string[] };
  linux: { cgroupsPath?: string; resources?: Resources };
}

export function busyboxBundle(): Bundle {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-v2-'));
  mkdirSync(join(directory, 'rootfs'));
  writeBusyboxTree(join(directory, 'rootfs'));
  const oci = (...args: string[]) =>
    spawnSync(SAMPAN, ['oci', '--root', join(directory, 'state'), ...args], {
      encoding: 'utf8',
      cwd: directory,
      timeout: 60_000,
      // A container in the background keeps its output open; files end with the command.
      stdio: ['ignore', args.includes('--detach') ? 'ignore' : 'pipe', args.includes('--detach') ? 'inherit' : 'pipe'],
    });
  const made = oci('spec');
  if (made.status !== 0) throw new Error(`sampan oci spec: ${made.stderr}`);
  const file = join(directory, 'config.json');
  const start = (id: string, resources: Resources, script: string, ...flags: string[]) => {
    const config = JSON.parse(readFileSync(file, 'utf8')) as Config;
    config.process.terminal = false;
    config.process.args = ['sh', '-c', script];
    config.linux.cgroupsPath = `/sampan-test-v2/${id}`;
    config.linux.resources = { ...config.linux.resources, ...resources };
    writeFileSync(file, JSON.stringify(config));
    return oci('run', ...flags, '--bundle', directory, id);
  };
  return {
    rootfs: join(directory, 'rootfs'),
    oci,
    spawn: (...args) => Bun.spawn([SAMPAN, 'oci', '--root', join(directory, 'state'), ...args], { stdin: 'ignore' }),
    run: (id, resources, script) => start(id, resources, script),
    runDetached: (id, resources, script) => start(id, resources, script, '--detach'),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
