import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const INSIDE = '--inside';
const HIDE = 'for tree in /sys/fs/cgroup/unified; do ! mountpoint -q $tree || umount $tree; done; exec "$@"';

/**
 * Starts this program again in a private mount namespace without the v2 tree of a hybrid layout, which makes crun
 * refuse to start; returns only there. Nothing mounted after this is seen outside.
 */
export function enterPrivateMounts(script: string): void {
  if (process.argv.includes(INSIDE)) return;
  const again = [process.execPath, script, ...process.argv.slice(2), INSIDE];
  const unshare = ['--mount', '--propagation', 'private', 'sh', '-c', HIDE, 'sh', ...again];
  if (!existsSync('/proc/self/ns/mnt')) throw new Error('this kernel has no mount namespaces');
  const done = spawnSync('unshare', unshare, { stdio: 'inherit' });
  process.exit(done.status ?? 1);
}
