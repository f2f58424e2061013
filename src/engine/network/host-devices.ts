import { readHost } from './mtu.ts';

/** Names of the devices of this network namespace. */
export const hostDevices = (): string[] =>
  readHost('/proc/net/dev')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(({ length }) => length > 1)
    .map(([name = '']) => name.trim());
