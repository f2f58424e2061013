import { readFileSync } from 'node:fs';

/** Where procfs and sysfs are mounted, the latest first: one may lie on another. */
export function kernelMounts(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string[] {
  const found: string[] = [];
  for (const line of mountinfo.split('\n')) {
    const [place = '', type = ''] = line.split(' - ');
    const path = place.split(' ')[4];
    if (path !== undefined && /^(proc|sysfs) /.test(type)) found.unshift(unescaped(path));
  }
  return found;
}

/** A space is written `\\040`. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
