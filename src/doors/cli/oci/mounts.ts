import { readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { addMounts, removeMounts } from '#runtime/verbs/live-mounts.ts';
import { usage } from '#doors/cli/flags.ts';
import type { OciVerb } from './command.ts';

const ACTIONS = { add: addMounts, remove: removeMounts };

export const verb: OciVerb = {
  flags: {},
  usage: 'add|remove <container-id> <file with the mounts as JSON, - for standard input>',
  act: async ({ rest, runtime }) => {
    const [name = '', id, file, ...more] = rest;
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name as keyof typeof ACTIONS] : undefined;
    if (action === undefined) throw usage('mounts is for add and remove');
    if (id === undefined || file === undefined) throw usage('a container id and a file with the mounts are needed');
    if (more.length > 0) throw usage(`too many arguments: ${more.join(' ')}`);
    await action(runtime, id, readMounts(file));
    return 0;
  },
};

/** The list, or a configuration that has it as `mounts`. */
function readMounts(file: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    throw new Fault('invalid', `read the mounts from ${file}`, { cause: error, field: 'mounts' });
  }
  if (Array.isArray(parsed) || typeof parsed !== 'object' || parsed === null) return parsed;
  return (parsed as { mounts?: unknown }).mounts;
}
