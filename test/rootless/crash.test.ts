/** kill -9 of what runs a user's container, at any point: the next delete finds and removes what is left. */
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { userWorld, type UserWorld } from './user.ts';

const childrenOf = (pid: number): number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};
const tree = (pid: number): number[] => [...childrenOf(pid).flatMap(tree), pid];
const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
};

/** Processes of the user that have their bundle's sleep, or a launcher of theirs, in their command line. */
function left({ user, directory }: UserWorld): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'latin1');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
        const isOurs = new RegExp(`^Uid:\\t${user.uid}\\t`, 'm').test(status);
        return isOurs && (command.includes(directory) || command.startsWith('sleep 4711')) ? [command] : [];
      } catch {
        return [];
      }
    });
}

test.each([5, 15, 25, 35, 50, 80, 150])('killed after %i ms', async (wait) => {
  using world = userWorld();
  const { uid, gid, ids } = world.user;
  const range = (own: number) => [
    { containerID: 0, hostID: own, size: 1 },
    { containerID: 1, hostID: ids, size: 10 },
  ];
  world.configure(['sleep', '4711'], (spec) => {
    spec.linux = { ...spec.linux, uidMappings: range(uid), gidMappings: range(gid) };
  });
  const words = [
    'setpriv',
    '--reuid',
    String(uid),
    '--regid',
    String(gid),
    '--clear-groups',
    SAMPAN,
    'oci',
    'run',
    'a',
  ];
  const env = { PATH: '/usr/bin:/bin', XDG_RUNTIME_DIR: join(world.directory, 'run') };
  const running = Bun.spawn(words, { cwd: world.directory, env, stdio: ['ignore', 'ignore', 'ignore'] });
  await Bun.sleep(wait);
  // The runtime and its launcher at once; what they made is not asked.
  const [runtime, launcher] = [running.pid, ...childrenOf(running.pid)];
  for (const pid of [runtime, launcher]) if (pid !== undefined) kill(pid);
  await running.exited;
  expect(world.oci('delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(world.ids()).toEqual([]);
  for (let round = 0; round < 100 && left(world).length > 0; round++) await Bun.sleep(20);
  expect(left(world)).toEqual([]);
  for (const pid of tree(running.pid)) expect(() => process.kill(pid, 0)).toThrow();
});
