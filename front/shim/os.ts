import { errno, signals } from 'front:constants';
import { readFileSync } from './fs.ts';

export const constants = {
  get errno() {
    return errno();
  },
  get signals() {
    return signals();
  },
};
export const release = (): string => String(readFileSync('/proc/sys/kernel/osrelease', 'latin1')).trim();
export const hostname = (): string => String(readFileSync('/proc/sys/kernel/hostname', 'latin1')).trim();
