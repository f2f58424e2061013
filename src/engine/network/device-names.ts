import { textOf } from './text-of.ts';

/** Names of the devices of a network namespace; by default of this process's (proc_net(5), dev). */
export const deviceNames = (table = '/proc/net/dev'): string[] =>
  textOf(table)
    .split('\n')
    .map((line) => line.split(':'))
    .filter(({ length }) => length > 1)
    .map(([name = '']) => name.trim());
