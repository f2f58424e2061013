/** Containers of an ordinary user, who is root in them and nobody on the host. */
import { expect, test } from 'bun:test';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Linux } from '#runtime/spec/spec.ts';
import { SAMPAN } from '#tools/places.ts';
import { userWorld, type UserWorld } from './user.ts';

interface State {
  status: string;
  pid: number;
}
const state = (world: UserWorld, id: string): State => JSON.parse(world.oci('state', id).stdout) as State;

async function until(what: () => boolean): Promise<void> {
  for (let round = 0; round < 200 && !what(); round++) await Bun.sleep(20);
  expect(what()).toBe(true);
}

test('run as whoever calls, who is root inside', () => {
  using world = userWorld();
  world.configure(
    ['sh', '-c', 'id -u; cat /proc/self/uid_map; cat /proc/self/setgroups; touch /tmp/made; echo $?'],
    (spec) => {
      spec.root = { path: 'rootfs' };
    },
  );
  const { status, stdout, stderr } = world.oci('run', 'a');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
  expect(lines).toEqual(['0', `0 ${world.user.uid} 1`, 'deny', '0', '']);
  expect(world.as(['stat', '-c', '%u:%g', 'rootfs/tmp/made']).stdout).toBe(`${world.user.uid}:${world.user.gid}\n`);
  expect(world.ids()).toEqual([]);
});

test('create, start, state, exec, ps, list, kill, delete', async () => {
  using world = userWorld();
  world.configure(['sleep', '60']);
  expect(world.oci('create', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(state(world, 'a').status).toBe('created');
  expect(world.oci('start', 'a')).toMatchObject({ status: 0, stderr: '' });
  const { status, pid } = state(world, 'a');
  expect(status).toBe('running');
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toContain(`Uid:\t${world.user.uid}\t`);
  expect(world.oci('exec', 'a', 'sh', '-c', 'id -u; hostname; exit 7')).toMatchObject({
    status: 7,
    stdout: '0\nsampan\n',
    stderr: '',
  });
  expect(world.oci('list').stdout).toContain(`#${world.user.uid}`);
  expect(world.oci('ps', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('no control group') });
  expect(world.oci('pause', 'a').status).toBe(1);
  expect(world.oci('kill', 'a', 'KILL').status).toBe(0);
  await until(() => state(world, 'a').status === 'stopped');
  expect(world.oci('delete', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(world.ids()).toEqual([]);
});

test('state is kept below XDG_RUNTIME_DIR, for nobody else', () => {
  using world = userWorld();
  world.configure(['sleep', '60']);
  expect(world.oci('create', 'a').status).toBe(0);
  expect(readdirSync(join(world.directory, 'run/sampan/oci'))).toEqual(['a']);
  expect(world.as(['stat', '-c', '%a', 'run/sampan/oci']).stdout).toBe('700\n');
});

test('spec --rootless is the configuration of who calls it', () => {
  using world = userWorld();
  expect(world.oci('spec', '--rootless')).toMatchObject({ status: 0, stderr: '' });
  const made = JSON.parse(readFileSync(join(world.directory, 'config.json'), 'utf8')) as { linux: Linux };
  expect(made.linux.uidMappings).toEqual([{ containerID: 0, hostID: world.user.uid, size: 1 }]);
  expect(made.linux.gidMappings).toEqual([{ containerID: 0, hostID: world.user.gid, size: 1 }]);
  expect(made.linux.resources).toBeUndefined();
  expect(JSON.stringify(made)).not.toContain('gid=');
});

test('ranges of ids, as /etc/subuid gives them, with groups', () => {
  using world = userWorld();
  const { uid, gid, ids } = world.user;
  const script =
    'cat /proc/self/uid_map /proc/self/gid_map; id -u; id -g; grep Groups: /proc/self/status; touch /tmp/of';
  world.configure(['sh', '-c', script], (spec, process) => {
    const more = { containerID: 1, hostID: ids, size: 1000 };
    spec.root = { path: 'rootfs' };
    spec.linux = {
      ...spec.linux,
      uidMappings: [{ containerID: 0, hostID: uid, size: 1 }, more],
      gidMappings: [{ containerID: 0, hostID: gid, size: 1 }, more],
    };
    process.user = { uid: 5, gid: 6, additionalGids: [7, 8] };
  });
  chmodSync(join(world.rootfs, 'tmp'), 0o1777);
  const { status, stdout, stderr } = world.oci('run', 'a');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
  expect(lines).toEqual([`0 ${uid} 1`, `1 ${ids} 1000`, `0 ${gid} 1`, `1 ${ids} 1000`, '5', '6', 'Groups: 7 8', '']);
  expect(world.as(['stat', '-c', '%u:%g', 'rootfs/tmp/of']).stdout).toBe(`${ids + 4}:${ids + 5}\n`);
});

test('a bundle that only the caller may enter, whoever root inside is on the host', () => {
  using world = userWorld();
  const { ids } = world.user;
  world.configure(['cat', '/data/config.json'], (spec) => {
    spec.linux = {
      ...spec.linux,
      uidMappings: [{ containerID: 0, hostID: ids, size: 10 }],
      gidMappings: [{ containerID: 0, hostID: ids, size: 10 }],
    };
    spec.mounts?.push({ destination: '/tmp/x', source: '.', options: ['rbind', 'ro'] });
    spec.process!.args = ['ls', '-d', '/tmp/x'];
  });
  world.as(['mkdir', '-p', 'rootfs/tmp/x']);
  chmodSync(world.directory, 0o700);
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: '/tmp/x\n', stderr: '' });
});

test('ids that nobody gave the user are refused in the words of newuidmap', () => {
  using world = userWorld();
  world.configure(['true'], (spec) => {
    spec.linux!.uidMappings = [{ containerID: 0, hostID: 1, size: 5 }];
  });
  const { status, stderr } = world.oci('run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('linux.uidMappings: newuidmap: ');
  expect(stderr).toContain('not allowed');
  expect(stderr).toContain('/etc/subuid');
  expect(world.ids()).toEqual([]);
});

test('without a user namespace it is said what is missing', () => {
  using world = userWorld();
  world.configure(['true'], (spec) => {
    spec.linux!.namespaces = spec.linux!.namespaces!.filter(({ type }) => type !== 'user');
    spec.linux!.uidMappings = spec.linux!.gidMappings = [];
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('spec --rootless') });
});

test('new mounts that need namespaces of one’s own become the host’s', () => {
  using world = userWorld();
  const script = 'ls -d /sys/class/net/lo; ls /proc/1/stat; ls -d /dev/mqueue; touch /sys/x 2>/dev/null || echo ro';
  world.configure(['sh', '-c', script], (spec) => {
    spec.mounts = spec.mounts!.map((mount) =>
      mount.destination === '/sys' ? { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] } : mount,
    );
    spec.linux!.namespaces = spec.linux!.namespaces!.filter(({ type }) => type !== 'pid' && type !== 'ipc');
    spec.linux!.maskedPaths = spec.linux!.readonlyPaths = [];
  });
  const { status, stdout } = world.oci('run', 'a');
  expect({ status, stdout }).toEqual({ status: 0, stdout: '/sys/class/net/lo\n/proc/1/stat\n/dev/mqueue\nro\n' });
});

test('a group for terminals that is not mapped is left out', () => {
  using world = userWorld();
  world.configure(['sh', '-c', 'grep /dev/pts /proc/self/mounts'], (spec) => {
    spec.mounts!.find(({ destination }) => destination === '/dev/pts')!.options!.push('gid=5');
  });
  const { status, stdout } = world.oci('run', 'a');
  expect(status).toBe(0);
  expect(stdout).toContain('devpts');
  expect(stdout).not.toContain('gid=');
});

test('a score for the OOM killer is set, and one that cannot be is told', () => {
  using world = userWorld();
  world.configure(['cat', '/proc/self/oom_score_adj'], (_, process) => {
    process.oomScoreAdj = 300;
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: '300\n', stderr: '' });
  world.configure(['cat', '/proc/self/oom_score_adj'], (_, process) => {
    process.oomScoreAdj = -500;
  });
  const refused = world.oci('run', 'a');
  expect(refused).toMatchObject({ status: 0, stdout: '0\n' });
  expect(refused.stderr).toContain('process.oomScoreAdj');
});

test('root of a user namespace already, as engines without root call it', () => {
  using world = userWorld();
  world.configure(['sh', '-c', 'id -u; echo x >/dev/null && echo null'], (spec) => {
    spec.linux!.namespaces = spec.linux!.namespaces!.filter(({ type }) => type !== 'user');
    spec.linux!.uidMappings = spec.linux!.gidMappings = [];
  });
  const inside = world.as([
    'unshare',
    '-Umr',
    SAMPAN,
    'oci',
    '--root',
    join(world.directory, 'run/nested'),
    'run',
    'a',
  ]);
  expect(inside).toMatchObject({ status: 0, stdout: '0\nnull\n', stderr: '' });
});
