/** Further ways to make a container: another configuration, only the plan, without a pivot, by another name. */
import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import type { Linux } from '#runtime/spec/spec.ts';
import { ociWorld } from './world.ts';

test('--config names another configuration of the same bundle', () => {
  using world = ociWorld();
  world.configure(['echo', 'other']);
  renameSync(join(world.directory, 'config.json'), join(world.directory, 'other.json'));
  expect(world.oci('run', '--config', 'other.json', 'a')).toEqual({ status: 0, stdout: 'other\n', stderr: '' });
  expect(world.oci('run', '--config', 'none.json', 'a')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('none.json not found'),
  });
  expect(world.oci('run', 'a').stderr).toContain('config.json not found in');
});

test('--dry-run and explain print the plan and do nothing', () => {
  using world = ociWorld();
  world.configure(['echo', 'never'], (spec) => (spec.hooks = { createRuntime: [{ path: '/bin/hook' }] }));
  const before = readdirSync(world.directory);
  const run = world.oci('run', '--dry-run', 'a');
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expect(run.stdout).toMatch(/hook path=\/bin\/hook .*# hooks\.createRuntime\[0\]/);
  expect(run.stdout).toContain('supervise');
  expect(world.oci('explain', 'run', 'a').stdout).toBe(run.stdout);
  const create = world.oci('explain', 'create', 'a');
  expect(create.stdout).toContain('awaitGo');
  const plan = JSON.parse(world.oci('create', '--dry-run', '--plan-format', 'json', 'a').stdout) as {
    programs: { name: string }[];
  };
  expect(plan.programs.map(({ name }) => name)).toEqual(['main', 'init']);
  expect(readdirSync(world.directory).toSorted()).toEqual([...new Set([...before, 'err', 'out'])].toSorted());
  expect(world.oci('explain', 'kill', 'a')).toMatchObject({ status: 1 });
  expect(world.oci('explain', 'exec', 'a', 'id').status).toBe(255);
  expect(world.leftovers()).toEqual([]);
});

test('explain exec prints the plan for the container as it is', () => {
  using world = ociWorld();
  world.configure(['sleep', '60']);
  expect(world.oci('run', '--detach', 'a').status).toBe(0);
  const { status, stdout } = world.oci('explain', 'exec', '-u', '5', 'a', 'id', '-u');
  expect(status).toBe(0);
  expect(stdout).toMatch(/ids uid=5 /);
  expect(stdout).toContain('argv=[id, -u]');
});

test('without a pivot the host is out of sight all the same, and said to be less far away', () => {
  using world = ociWorld();
  const script = 'ls / | tr "\\n" " "; grep -c "^[^ ]* [^ ]* [^ ]* [^ ]* /proc " /proc/self/mountinfo';
  world.configure(['sh', '-c', script]);
  const { status, stdout, stderr } = world.oci('run', '--no-pivot', 'a');
  expect(stderr).toContain('--no-pivot: the host stays mounted below the root');
  expect(status).toBe(0);
  expect(stdout).toBe('bin dev etc home proc root run sys tmp var 1\n');
  world.configure(['true'], (spec) => {
    const linux = spec.linux as Linux;
    linux.namespaces?.push({ type: 'user' });
    linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }];
  });
  expect(world.oci('run', '--no-pivot', 'a')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("--no-pivot: in a user namespace the host's procfs cannot be taken out of reach"),
  });
  expect(world.leftovers()).toEqual([]);
});

const RECEIVER = `
import socket, sys, array, os
server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[1]); server.listen(1)
connection, _ = server.accept()
data, control, _, _ = connection.recvmsg(64, 64)
fd = array.array('i', control[0][2])[0]
info = open(f'/proc/self/fdinfo/{fd}').read()
print(data.decode(), [line.split()[1] for line in info.splitlines() if line.startswith('Pid:')][0])
`;

test.each(['run', 'exec'])('%s sends the pidfd of the program to a socket', async (verb) => {
  using world = ociWorld();
  world.configure(['sleep', '60']);
  const path = join(world.directory, 'socket');
  const receiver = Bun.spawn(['python3', '-c', RECEIVER, path], { stdout: 'pipe' });
  while (!existsSync(path)) await Bun.sleep(10);
  await Bun.sleep(50);
  if (verb === 'exec') expect(world.oci('run', '--detach', 'a').status).toBe(0);
  const words = verb === 'run' ? ['run', 'a'] : ['exec', 'a', 'sleep', '60'];
  const files = ['--pidfd-socket', path, '--detach', '--pid-file', join(world.directory, 'pid')];
  expect(world.oci(words[0] ?? '', ...files, ...words.slice(1))).toMatchObject({ status: 0, stderr: '' });
  const said = await new Response(receiver.stdout).text();
  expect(said).toBe(`pidfd ${(await Bun.file(join(world.directory, 'pid')).text()).trim()}\n`);
  expect(world.oci('run', '--pidfd-socket', '/no/such', 'b').stderr).toContain('--pidfd-socket');
});

test.each(['runc', 'crun', 'sampan-oci'])('called as %s the executable is the OCI runtime', (name) => {
  using world = ociWorld();
  const path = join(world.directory, name);
  symlinkSync(SAMPAN, path);
  world.configure(['echo', 'as', name]);
  const options = { cwd: world.directory, encoding: 'utf8' } as const;
  const run = spawnSync(path, ['--root', join(world.directory, 'state'), 'run', 'a'], options);
  expect(run).toMatchObject({ status: 0, stdout: `as ${name}\n` });
  expect(spawnSync(path, ['exec', 'none', 'true'], options).status).toBe(255);
});

test('features are what this machine and this runtime have', () => {
  using world = ociWorld();
  const { stdout, status } = world.oci('features');
  expect(status).toBe(0);
  const features = JSON.parse(stdout) as { mountOptions: string[]; linux: { namespaces: string[] } };
  expect(features).toMatchObject({
    ociVersionMin: '1.0.0',
    hooks: ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
    linux: { cgroup: { v1: true, v2: true }, seccomp: { enabled: true } },
  });
  expect(features.mountOptions).toContain('nosuid');
  expect(features.linux.namespaces).toContain('cgroup');
  // What is said not to be there is refused, and the other way round.
  for (const type of ['time', 'uts'] as const) {
    world.configure(['true'], (spec) => {
      const others = spec.linux?.namespaces?.filter((entry) => entry.type !== (type as string)) ?? [];
      spec.linux!.namespaces = [...others, { type: type as never }];
    });
    expect(world.oci('run', 'a').status === 0).toBe(features.linux.namespaces.includes(type));
  }
});

test('sockets of systemd are handed on, before the preserved descriptors', () => {
  using world = ociWorld();
  world.configure(['sh', '-c', 'echo $LISTEN_FDS $LISTEN_PID $$; cat <&3; cat <&4; { cat <&5; } 2>&1']);
  const script = `for n in 3 4 5; do echo $n >f$n; done; exec "$0" oci --root state run --preserve-fds 1 a 3<f3 4<f4 5<f5`;
  const call = (env: Record<string, string>): string => {
    const options = { cwd: world.directory, encoding: 'utf8', env: { PATH: '/usr/bin:/bin', ...env } } as const;
    return spawnSync('bash', ['-c', script, SAMPAN], options).stdout;
  };
  expect(call({ LISTEN_FDS: '1' })).toMatch(/^1 1 1\n3\n4\n.*[Bb]ad file descriptor/);
  expect(call({ LISTEN_FDS: '1', LISTEN_PID: '1' })).toMatch(/^1\n3\n.*[Bb]ad file descriptor/);
});
