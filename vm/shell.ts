/** A shell in the virtual machine on this terminal; leave it with `exit`. */
import { runInMachine } from './machine.ts';

const result = await runInMachine({ kernel: '6.1', command: 'exec bash -i', limit: 86400, interactive: true });
process.exit(result.status ?? 1);
