/** Debian's cloud kernels, downloaded and unpacked without being installed; cached by version. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { workDirectory } from '#tools/places.ts';

export interface Kernel {
  /** As `uname -r` says. */
  release: string;
  vmlinuz: string;
  /** The directory that holds lib/modules. */
  root: string;
}

/**
 * What Debian 12 ships for download: its own kernel, the oldest there is, and the newer one of the security suite.
 * The names are of meta packages, so that each security update is followed.
 */
export const KERNELS = { oldest: 'linux-image-cloud-amd64', newest: 'linux-image-6.12-cloud-amd64' } as const;
export type KernelName = keyof typeof KERNELS;

const run = (command: string, args: readonly string[], cwd?: string): string =>
  execFileSync(command, args, { encoding: 'utf8', cwd, stdio: ['ignore', 'pipe', 'pipe'] });

/** The package that a meta package depends on; apt's lists are brought up to date when they do not know it. */
function imagePackage(meta: string): string {
  const look = (): string | undefined => {
    const text = run('apt-cache', ['depends', '--important', meta]);
    return /Depends: (linux-image-[0-9]\S*)/.exec(text)?.[1];
  };
  const known = ((): string | undefined => {
    try {
      return look();
    } catch {
      return undefined;
    }
  })();
  if (known !== undefined) return known;
  run('apt-get', ['update', '-qq']);
  const name = look();
  if (name === undefined) throw new Error(`apt knows no kernel image behind ${meta}`);
  return name;
}

function unpack(name: string, target: string): void {
  const aside = mkdtempSync(`${target}.`);
  try {
    try {
      run('apt-get', ['download', '-qq', name], aside);
    } catch {
      // The lists may name a version that the archive has already replaced.
      run('apt-get', ['update', '-qq']);
      run('apt-get', ['download', '-qq', name], aside);
    }
    const deb = readdirSync(aside).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw new Error(`apt-get download ${name} left no package`);
    run('dpkg-deb', ['-x', join(aside, deb), join(aside, 'root')]);
    renameSync(join(aside, 'root'), target);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

export function kernel(name: KernelName): Kernel {
  const image = imagePackage(KERNELS[name]);
  const release = image.replace('linux-image-', '');
  const root = join(workDirectory('cache', 'kernels'), release);
  if (!existsSync(root)) unpack(image, root);
  if (!existsSync(join(root, 'lib/modules', release, 'modules.dep'))) run('depmod', ['-b', root, release]);
  return { release, vmlinuz: join(root, 'boot', `vmlinuz-${release}`), root };
}
