import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { workDirectory } from '#tools/places.ts';

export interface ScratchDisk extends Disposable {
  readonly path: string;
}

/**
 * A journalled ext4 of its own on a loop device, mounted in this mount namespace: the file system below the checkout
 * may have no journal, or be slow to make files again where many were deleted.
 */
export function scratchDisk(gigabytes: number): ScratchDisk {
  const image = join(workDirectory('bench'), `disk-${process.pid}.ext4`);
  const path = join(workDirectory('bench'), `disk-${process.pid}`);
  mkdirSync(path, { recursive: true });
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image, `${gigabytes}G`]);
  execFileSync('mount', ['-o', 'loop,noatime', image, path]);
  const remove = () => {
    execFileSync('umount', ['-l', path]);
    rmSync(path, { recursive: true, force: true });
    rmSync(image, { force: true });
  };
  return { path, [Symbol.dispose]: remove };
}
