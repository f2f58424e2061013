import { readFileSync } from 'node:fs';
import { mountText } from '#kernel/mount-text.ts';

/** Where procfs and sysfs are mounted, the latest first: one may lie on another. */
export function kernelMounts(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string[] {
  const found: string[] = [];
  for (const line of mountinfo.split('\n')) {
    const [place = '', type = ''] = line.split(' - ');
    const path = place.split(' ')[4];
    if (path !== undefined && /^(proc|sysfs) /.test(type)) found.unshift(mountText(path));
  }
  return found;
}
