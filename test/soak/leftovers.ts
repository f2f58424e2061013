/** What is still there of a soak's containers; inside of tools/alone.sh nobody else's can be mistaken for it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const GROUPS = '/sys/fs/cgroup';

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Everything but this program and what started it; a zombie has no command line, but a name. */
function processes(): string[] {
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== 1 && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        return [`process ${stat.slice(0, stat.lastIndexOf(')') + 3)}`];
      } catch {
        return [];
      }
    });
}

function groups(prefix: string): string[] {
  const trees = [GROUPS, ...entries(GROUPS).map((name) => join(GROUPS, name))];
  return trees.flatMap((tree) =>
    entries(tree)
      .filter((name) => name.startsWith(prefix))
      .map((name) => `control group ${join(tree, name)}`),
  );
}

const mounts = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => `mount ${line.split(' ').slice(3, 5).join(' at ')}`);

const keyrings = (prefix: string): string[] =>
  readFileSync('/proc/keys', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`_ses.${prefix}`))
    .map((line) => `keyring ${line}`);

const descriptors = (): string[] => entries('/proc/self/fd').map((fd) => `descriptor ${fd}`);

/** Things that were there before, or are nobody's: the installed launcher. */
export interface Before {
  mounts: readonly string[];
  descriptors: number;
}

export const before = (): Before => ({ mounts: mounts(), descriptors: descriptors().length });

export function leftovers(prefix: string, state: string, run: string, since: Before): string[] {
  const open = descriptors().length - since.descriptors;
  return [
    ...entries(state).map((name) => `state directory ${name}`),
    ...entries(run)
      .filter((name) => name !== 'launcher')
      .map((name) => `run file ${name}`),
    ...groups(prefix),
    ...processes(),
    ...keyrings(prefix),
    ...mounts().filter((mount) => !since.mounts.includes(mount)),
    ...(open > 0 ? [`${open} descriptors of the soak's own`] : []),
  ];
}
