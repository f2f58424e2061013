import { readFileSync } from 'node:fs';

/** Owner of what belongs to somebody without a number in this user namespace. */
export const NOBODY = 65534;

/** Whether the numbers of users are other ones here than on the machine, by /proc/self/uid_map. */
export function hasMappedUsers(): boolean {
  try {
    return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
  } catch {
    return false;
  }
}

/** Settings of an overlay: what is in its upper directory must be whole, whatever the kernel's defaults are. */
export function overlaySettings(userMarks: boolean): string {
  // With `userxattr` neither redirects nor metacopies are followed or made, and they may not even be named.
  return userMarks ? 'userxattr' : 'redirect_dir=off,metacopy=off';
}
