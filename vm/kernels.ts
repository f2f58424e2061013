/** Debian's cloud kernels, downloaded and unpacked without being installed; cached by version. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { aptOptions } from '#tools/apt-suite.ts';
import { workDirectory } from '#tools/places.ts';

export interface Kernel {
  /** As `uname -r` says. */
  release: string;
  vmlinuz: string;
  /** The directory that holds lib/modules. */
  root: string;
}

interface Source {
  /** A meta package, so that each update is followed. */
  meta: string;
  /** An older suite of the archive that this machine's apt uses; without one, what apt offers anyway. */
  suite?: string;
}

/**
 * The oldest kernel that Debian's archive still has, Debian 12's own, and the newest it offers to Debian 12. The first
 * is too old for the launcher (no mount_setattr); it is here to see that this is said.
 */
export const KERNELS = {
  '5.10': { meta: 'linux-image-cloud-amd64', suite: 'bullseye' },
  '6.1': { meta: 'linux-image-cloud-amd64' },
  '6.12': { meta: 'linux-image-6.12-cloud-amd64' },
} as const satisfies Record<string, Source>;
export type KernelName = keyof typeof KERNELS;

const run = (command: string, args: readonly string[], cwd?: string): string =>
  execFileSync(command, args, { encoding: 'utf8', cwd, stdio: ['ignore', 'pipe', 'pipe'] });

/** The packages that the meta package may depend on, the oldest suite's last. */
const imagesBehind = (options: string[], meta: string): string[] => {
  const shown = run('apt-cache', [...options, 'show', '--all-versions', meta]);
  return [...shown.matchAll(/^Depends: (linux-image-[0-9][^\s,(]*)/gm)].map((found) => found[1] ?? '');
};

/** The image package behind a meta package; apt's lists are brought up to date when they do not know it. */
function imagePackage({ meta, suite }: Source, options: string[]): string {
  const look = (): string | undefined => {
    try {
      const images = imagesBehind(options, meta);
      return suite === undefined ? images.at(0) : images.at(-1);
    } catch {
      return undefined;
    }
  };
  const known = look();
  if (known !== undefined) return known;
  run('apt-get', [...options, 'update', '-qq']);
  const name = look();
  if (name === undefined)
    throw new Error(`apt knows no kernel image behind ${meta}${suite === undefined ? '' : ` of ${suite}`}`);
  return name;
}

function unpack(name: string, options: string[], target: string): void {
  const aside = mkdtempSync(`${target}.`);
  try {
    try {
      run('apt-get', [...options, 'download', '-qq', name], aside);
    } catch {
      // The lists may name a version that the archive has already replaced.
      run('apt-get', [...options, 'update', '-qq']);
      run('apt-get', [...options, 'download', '-qq', name], aside);
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
  const source: Source = KERNELS[name];
  const options = aptOptions(source.suite);
  const image = imagePackage(source, options);
  const release = image.replace('linux-image-', '');
  const root = join(workDirectory('cache', 'kernels'), release);
  if (!existsSync(root)) unpack(image, options, root);
  if (!existsSync(join(root, 'lib/modules', release, 'modules.dep'))) run('depmod', ['-b', root, release]);
  return { release, vmlinuz: join(root, 'boot', `vmlinuz-${release}`), root };
}
