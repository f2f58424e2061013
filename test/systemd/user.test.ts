/** Scopes of a user's own systemd; runs in the virtual machine that boots it (make test-v2). */
import { beforeAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { makeUser, userWorld, type User } from '#test/rootless/user.ts';
import { IS_V1 } from './world.ts';
import { SAMPAN } from '#tools/places.ts';

let user: User;
beforeAll(() => {
  user = makeUser();
  if (IS_V1) return;
  const started = spawnSync('systemctl', ['start', `user@${user.uid}.service`], { encoding: 'utf8' });
  if (started.status !== 0) throw new Error(started.stderr);
});

test.skipIf(IS_V1).each(['private socket', 'message bus'])(
  'an ordinary user has a scope below their own manager, by its %s',
  (way) => {
    using world = userWorld();
    const runtime = `/run/user/${user.uid}`;
    const env = [
      `XDG_RUNTIME_DIR=${runtime}`,
      ...(way === 'message bus' ? [`DBUS_SESSION_BUS_ADDRESS=unix:path=${runtime}/bus`] : []),
    ];
    const oci = (...args: string[]) => world.as(['env', ...env, SAMPAN, 'oci', '--systemd-cgroup', ...args]);
    world.configure(['sleep', '100'], (spec) => {
      spec.linux!.resources = { memory: { limit: 1 << 26 }, pids: { limit: 12 } };
    });
    try {
      expect(oci('run', '--detach', 'mine')).toMatchObject({ status: 0, stderr: '' });
      const { pid } = JSON.parse(oci('state', 'mine').stdout) as { pid: number };
      const group = `/user.slice/user-${user.uid}.slice/user@${user.uid}.service/user.slice/sampan-mine.scope`;
      expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toBe(`0::${group}\n`);
      expect(readFileSync(`/sys/fs/cgroup${group}/memory.max`, 'utf8')).toBe(`${1 << 26}\n`);
      expect(oci('update', '--pids-limit', '15', 'mine')).toMatchObject({ status: 0, stderr: '' });
      expect(readFileSync(`/sys/fs/cgroup${group}/pids.max`, 'utf8')).toBe('15\n');
      expect(oci('exec', 'mine', 'cat', '/proc/self/cgroup')).toMatchObject({
        status: 0,
        stderr: '',
        stdout: '0::/\n',
      });
      expect(oci('delete', '--force', 'mine')).toMatchObject({ status: 0, stderr: '' });
      expect(existsSync(`/sys/fs/cgroup${group}`)).toBe(false);
    } finally {
      oci('delete', '--force', 'mine');
    }
  },
);

test.skipIf(IS_V1)('without a manager it is said what is missing', () => {
  using world = userWorld();
  world.configure(['true']);
  const { status, stderr } = world.oci('--systemd-cgroup', 'run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('systemd cannot be reached at');
  expect(world.ids()).toEqual([]);
});
