/** SCMP_ACT_NOTIFY: the agent at listenerPath gets the filter's listener, and answers for the container's calls. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, openSync, readFileSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'bun:test';
import type { Linux, Process, SeccompProfile } from '#runtime/spec/spec.ts';
import { ociWorld, type OciWorld } from '#test/oci/world.ts';

const MKDIR = 83;
const ENOMEDIUM = 123;

interface Agent extends Disposable {
  path: string;
  /** What came with each listener. */
  told(): Record<string, unknown>[];
}

function agent(world: OciWorld): Agent {
  const [program, path, log] = ['agent', 'agent.sock', 'agent.log'].map((name) => join(world.directory, name)) as [
    string,
    string,
    string,
  ];
  const source = join(import.meta.dirname, 'agent.c');
  const built = spawnSync('gcc', ['-Wall', '-Werror', '-o', program, source], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  const out = openSync(log, 'w');
  const child: ChildProcess = spawn(program, [path, `${MKDIR}`, `${ENOMEDIUM}`], { stdio: ['ignore', out, 'inherit'] });
  closeSync(out);
  for (let round = 0; round < 200 && !existsSync(path); round++) Bun.sleepSync(10);
  return {
    path,
    told: () => {
      const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    [Symbol.dispose]: () => child.kill('SIGKILL'),
  };
}

const TRY = 'mkdir /tmp/x; ls /tmp';

function configure(
  world: OciWorld,
  profile: Partial<SeccompProfile>,
  newPrivileges: boolean,
  args = ['sh', '-c', TRY],
) {
  world.configure(args, (spec, process: Process) => {
    process.noNewPrivileges = !newPrivileges;
    spec.annotations = { 'org.example.note': 'a "quoted" note' };
    spec.mounts?.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' });
    (spec.linux as Linux).seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat', 'sendmsg', 'recvmsg', 'close'], action: 'SCMP_ACT_NOTIFY' }],
      ...profile,
    };
  });
}

for (const newPrivileges of [false, true]) {
  const kind = newPrivileges ? 'with capabilities to drop' : 'with no_new_privs';
  test(`run ${kind}: the agent decides, and knows of whom`, () => {
    using world = ociWorld();
    using listening = agent(world);
    configure(world, { listenerPath: listening.path, listenerMetadata: 'meta"data' }, newPrivileges);
    const { status, stdout, stderr } = world.oci('run', 'a');
    expect({ status, stdout, stderr }).toMatchObject({ status: 0, stdout: '' });
    expect(stderr).toContain('No medium found');
    const [told] = listening.told();
    expect(told).toEqual({
      ociVersion: expect.any(String),
      fds: ['seccompFd'],
      pid: expect.any(Number),
      metadata: 'meta"data',
      state: {
        ociVersion: expect.any(String),
        id: 'a',
        status: 'creating',
        pid: told?.['pid'],
        bundle: world.directory,
        annotations: { 'org.example.note': 'a "quoted" note' },
      },
    });
  });

  test(`create, start and exec ${kind}: the agent has the listener before anything of the image runs`, () => {
    using world = ociWorld();
    using listening = agent(world);
    const flags = ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'];
    configure(world, { listenerPath: listening.path, flags }, newPrivileges, ['sleep', '100']);
    expect(world.oci('create', 'a')).toMatchObject({ status: 0, stderr: '' });
    expect(listening.told()).toHaveLength(1);
    const { pid } = JSON.parse(world.oci('state', 'a').stdout) as { pid: number };
    expect(listening.told()[0]).toMatchObject({ pid, state: { status: 'creating', pid } });
    expect(world.oci('start', 'a').status).toBe(0);
    const denied = world.oci('exec', 'a', 'sh', '-c', TRY);
    expect([denied.status, denied.stdout]).toEqual([0, '']);
    expect(denied.stderr).toContain('No medium found');
    const detached = world.oci('exec', '--detach', '--pid-file', join(world.directory, 'pid'), 'a', 'sleep', '99');
    expect(detached).toMatchObject({ status: 0, stderr: '' });
    const execed = listening.told();
    expect(execed).toHaveLength(3);
    expect(execed[2]).toMatchObject({
      pid: Number(readFileSync(join(world.directory, 'pid'), 'utf8')),
      state: { status: 'running', pid, id: 'a' },
    });
    world.oci('delete', '--force', 'a');
    expect(world.leftovers()).toEqual([]);
  });
}

test('without an agent the container is not made, and the failure says where it was looked for', () => {
  using world = ociWorld();
  for (const newPrivileges of [false, true]) {
    configure(world, { listenerPath: '/no/such/agent.sock' }, newPrivileges);
    const { status, stderr } = world.oci('run', 'a');
    expect(status).not.toBe(0);
    expect(stderr).toContain('/no/such/agent.sock');
    expect(stderr).toContain('linux.seccomp.listenerPath');
    expect(world.leftovers()).toEqual([]);
  }
});

test('what no listener can answer for is refused by name', () => {
  using world = ociWorld();
  const refused = (profile: Partial<SeccompProfile>): string => {
    configure(world, profile, false);
    return world.oci('create', 'a').stderr;
  };
  const notify = (name: string) => [{ names: [name], action: 'SCMP_ACT_NOTIFY' }];
  expect(refused({ defaultAction: 'SCMP_ACT_NOTIFY', listenerPath: '/x' })).toContain('default action');
  expect(refused({ syscalls: notify('write'), listenerPath: '/x' })).toContain('write');
  expect(refused({ syscalls: notify('mkdir') })).toContain('listenerPath');
});

test('exec says that it cannot ask about a call that it makes itself before the agent could answer', () => {
  using world = ociWorld();
  using listening = agent(world);
  const syscalls = [{ names: ['setresuid'], action: 'SCMP_ACT_NOTIFY' }];
  configure(world, { listenerPath: listening.path, syscalls }, true, ['sleep', '100']);
  expect(world.oci('run', '--detach', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(world.oci('exec', 'a', 'true').stderr).toContain('linux.seccomp.syscalls[0]');
});
