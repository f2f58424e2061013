import { expect, test } from 'bun:test';
import { kernelMounts } from './kernel-mounts.ts';

test('procfs and sysfs, the latest first, with their names as they are', () => {
  const mountinfo = [
    '21 26 0:20 / /proc rw,relatime shared:1 - proc proc rw',
    '22 26 0:21 / /sys rw - sysfs sysfs rw',
    '23 26 0:22 / /srv/sysfs rw - tmpfs sysfs rw',
    String.raw`24 26 0:20 / /a\040b/proc rw - proc proc rw`,
    '',
  ].join('\n');
  expect(kernelMounts(mountinfo)).toEqual(['/a b/proc', '/sys', '/proc']);
});
