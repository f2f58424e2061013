import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { calls } from './calls.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let here: string;
beforeAll(async () => {
  world = await cliWorld();
  here = join(world.root, 'here');
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  rmSync(here, { recursive: true, force: true });
  mkdirSync(here);
});

const { inside } = calls(() => world);
/** What sampan says against these options; nothing may be left of the container. */
async function refusal(...options: string[]): Promise<string> {
  const { status, stderr } = await world.sampan('create', ...options, world.image, 'true');
  expect([options, status]).toEqual([options, 125]);
  expect((await world.sampan('ps', '-aq')).stdout).toBe('');
  return stderr;
}

test('tmpfs by both spellings, with what they are given', async () => {
  const line = 'grep " /t " /proc/mounts; touch /t/x && echo wrote';
  expect(await inside(['--tmpfs', '/t:size=1m,mode=700'], line)).toMatch(
    /^tmpfs \/t tmpfs rw,.*nosuid,nodev,noexec.*size=1024k,mode=700.*\nwrote\n$/,
  );
  expect(await inside(['--mount', 'type=tmpfs,dst=/t,tmpfs-size=2m,tmpfs-mode=0711'], line)).toMatch(
    /size=2048k,mode=711/,
  );
  expect(await inside(['--tmpfs', '/t:exec'], line)).not.toContain('noexec');
  expect(await inside(['--mount', 'type=tmpfs,target=/t,readonly'], line)).toContain('Read-only file system');
  expect(await refusal('--tmpfs', 'relative')).toContain('--tmpfs');
  expect(await refusal('--mount', 'type=tmpfs,target=/t,source=/x')).toContain('"source" has no place');
});

test('bind mounts by --mount never make their source', async () => {
  writeFileSync(join(here, 'file'), 'host\n');
  const source = `type=bind,source=${here},target=/m`;
  expect(await inside(['--mount', source], 'cat /m/file; echo new > /m/new')).toBe('host\n');
  expect(readFileSync(join(here, 'new'), 'utf8')).toBe('new\n');
  expect(await inside(['--mount', `${source},ro`], 'echo x > /m/y')).toContain('Read-only file system');
  expect(
    await inside(['--mount', `${source},readonly=false,bind-propagation=rslave`], 'echo x > /m/y && echo ok'),
  ).toBe('ok\n');
  expect(await refusal('--mount', `type=bind,source=${here}/absent,target=/m`)).toContain(
    'bind source path does not exist',
  );
  expect(existsSync(join(here, 'absent'))).toBe(false);
  expect(await refusal('--mount', 'type=npipe,source=v,target=/m')).toContain('"npipe" are not there');
  expect(await refusal('--mount', 'type=bind,source=rel,target=/m')).toContain('absolute');
});

test('device nodes are there and allowed as far as was asked', async () => {
  expect(await inside(['--device', '/dev/loop-control:/dev/lc:r'], 'stat -c "%t:%T" /dev/lc; ls /dev/lc')).toBe(
    'a:ed\n/dev/lc\n',
  );
  const reads = 'mknod /n c 10 237; (: < /n) && echo read';
  expect(await inside([], reads)).not.toContain('read');
  expect(await inside(['--device-cgroup-rule', 'c 10:237 rwm'], reads)).toBe('read\n');
  expect(await refusal('--device', '/dev/no-such')).toContain('/dev/no-such');
  expect(await refusal('--device', `${here}`)).toContain('no device node');
  expect(await refusal('--device-cgroup-rule', 'x 1:3 rwm')).toContain('--device-cgroup-rule');
});

test('limits of processes, kernel parameters and shared memory', async () => {
  expect(await inside(['--ulimit', 'nofile=100:200', '--ulimit', 'core=0'], 'ulimit -Sn; ulimit -Hn; ulimit -c')).toBe(
    '100\n200\n0\n',
  );
  expect(await inside([], 'ulimit -Hn')).not.toBe('200\n');
  expect(
    await inside(
      ['--sysctl', 'kernel.msgmax=4444', '--sysctl', 'net.ipv4.ip_forward=1'],
      'cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward',
    ),
  ).toBe('4444\n1\n');
  expect(await inside(['--shm-size', '5m'], "df -k /dev/shm | tail -1 | awk '{print $2}'")).toBe('5120\n');
  expect(await refusal('--ulimit', 'nofile=200:100')).toContain('above the hard one');
  expect(await refusal('--ulimit', 'shoes=1')).toContain('--ulimit');
  expect(await refusal('--sysctl', 'nothing')).toContain('--sysctl');
  const host = await world.sampan('run', '--rm', '--sysctl', 'kernel.panic=1', world.image, 'true');
  expect([host.status, host.stderr]).toEqual([125, expect.stringContaining('kernel.panic')]);
});

test('namespaces of the host and of other containers', async () => {
  const own = (type: string): string => readlinkSync(`/proc/self/ns/${type}`);
  const ns = (type: string): string => `readlink /proc/self/ns/${type}`;
  expect(await inside(['--pid', 'host'], ns('pid'))).toBe(`${own('pid')}\n`);
  expect(await inside(['--ipc', 'host'], ns('ipc'))).toBe(`${own('ipc')}\n`);
  expect(await inside(['--cgroupns', 'host'], ns('cgroup'))).toBe(`${own('cgroup')}\n`);
  expect(await inside(['--uts', 'host'], `${ns('uts')}; hostname`)).toBe(`${own('uts')}\n${hostname()}\n`);
  for (const type of ['pid', 'ipc', 'cgroup', 'uts']) expect(await inside([], ns(type))).not.toBe(`${own(type)}\n`);
  expect(await inside(['--ipc', 'none'], 'grep -c /dev/shm /proc/mounts')).toBe('0\n');
  await world.sampan('run', '-d', '--name', 'other', '--hostname', 'shared', world.image, 'sleep', '1000');
  expect(await inside(['--pid', 'container:other', '--uts', 'container:other'], 'ps -o args; hostname')).toMatch(
    /sleep 1000[^]*\nshared\n$/,
  );
  expect(
    (await world.sampan('run', '-d', '--name', 'guest', '--pid', 'container:other', world.image, 'sleep', '999'))
      .status,
  ).toBe(0);
  expect(await world.sampan('stop', '-t', '1', 'guest')).toMatchObject({ status: 0 });
  expect((await world.sampan('exec', 'other', 'ps', '-o', 'args')).stdout).not.toContain('sleep 999');
  await world.sampan('kill', 'other');
  const dead = await world.sampan('start', 'guest');
  expect(dead.stderr).toContain('it does not run');
  await world.sampan('rm', 'guest', 'other');
  expect(await refusal('--pid', 'container:nobody')).toContain('No such container');
  expect(await refusal('--ipc', 'container:other')).toContain('No such container');
  expect(await refusal('--uts', 'host', '--hostname', 'x')).toContain('--hostname');
  expect(await refusal('--pid', 'planet')).toContain('--pid');
});

test('rights: security options, groups, and the score for the killer', async () => {
  expect(await inside(['--security-opt', 'no-new-privileges'], 'grep NoNewPrivs /proc/self/status')).toBe(
    'NoNewPrivs:\t1\n',
  );
  expect(await inside([], 'grep -c "^Seccomp:.*2" /proc/self/status')).toBe('1\n');
  expect(await inside(['--security-opt', 'seccomp=unconfined'], 'grep "^Seccomp:" /proc/self/status')).toBe(
    'Seccomp:\t0\n',
  );
  const profile = join(here, 'profile.json');
  const allowed = { names: ['chmod', 'fchmodat', 'fchmodat2', 'fchmod'], action: 'SCMP_ACT_ERRNO' };
  const rules = [{ ...allowed, excludes: { caps: ['CAP_SYS_ADMIN'] } }];
  const archMap = [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
    { architecture: 'SCMP_ARCH_AARCH64' },
  ];
  writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', archMap, syscalls: rules }));
  const chmod = 'touch /x; chmod 700 /x && echo may';
  expect(await inside(['--security-opt', `seccomp=${profile}`], chmod)).toContain('Operation not permitted');
  expect(await inside(['--security-opt', `seccomp=${profile}`, '--cap-add', 'SYS_ADMIN'], chmod)).toBe('may\n');
  expect(await inside(['--security-opt', 'systempaths=unconfined'], 'grep -c "/proc/" /proc/mounts')).toBe('0\n');
  expect(await inside(['--group-add', 'staff', '--group-add', '4321'], 'id -G')).toBe('0 50 4321\n');
  expect(await inside(['--oom-score-adj', '321'], 'cat /proc/self/oom_score_adj')).toBe('321\n');
  expect(await refusal('--security-opt', 'seccomp=/no/such')).toContain('/no/such');
  expect(await refusal('--security-opt', 'shoes=on')).toContain('--security-opt');
  expect(await refusal('--oom-score-adj', '2000')).toContain('--oom-score-adj');
  expect(await refusal('--stop-signal', 'NOISE')).toContain('--stop-signal');
});

test('inspect tells what was asked for', async () => {
  const options = [
    '--tmpfs',
    '/t:size=1m',
    '--ulimit',
    'nofile=5:-1',
    '--shm-size',
    '1m',
    '--device',
    '/dev/null:/dev/x:r',
  ];
  await world.sampan('create', '--name', 'asked', ...options, '--pid', 'host', world.image, 'true');
  const { stdout } = await world.sampan('inspect', '-f', '{{json .HostConfig}}', 'asked');
  expect(JSON.parse(stdout)).toMatchObject({
    Tmpfs: { '/t': 'size=1m' },
    Ulimits: [{ Name: 'nofile', Soft: 5, Hard: -1 }],
    ShmSize: 2 ** 20,
    Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'r' }],
    PidMode: 'host',
    IpcMode: 'private',
  });
  await world.sampan('rm', 'asked');
});

test('labels and the id go through files', async () => {
  const labels = join(here, 'labels');
  writeFileSync(labels, '# none\na=1\nb\nc=d e\n');
  const cid = join(here, 'cid');
  const { stdout } = await world.sampan(
    'create',
    '--label-file',
    labels,
    '-l',
    'a=2',
    '--cidfile',
    cid,
    '--name',
    'filed',
    world.image,
    'true',
  );
  expect(readFileSync(cid, 'utf8')).toBe(stdout.trim());
  expect((await world.sampan('inspect', '-f', '{{json .Config.Labels}}', 'filed')).stdout).toBe(
    '{"a":"2","c":"d e"}\n',
  );
  await world.sampan('rm', 'filed');
  expect(await refusal('--cidfile', cid)).toContain('is there already');
  expect(await refusal('--cidfile', join(here, 'fresh'), '--name', '-')).toBeTruthy();
  expect(existsSync(join(here, 'fresh'))).toBe(false);
});

test('resources reach the control groups', async () => {
  const group = (file: string): string => `cat /sys/fs/cgroup/${file} 2>/dev/null`;
  const options = ['--cpu-shares', '512', '--cpu-period', '50000', '--cpu-quota', '25000', '--memory', '64m'];
  const script = [
    `${group('cpu/cpu.shares')} || ${group('cpu.weight')}`,
    `${group('cpu/cpu.cfs_quota_us')} || ${group('cpu.max')}`,
    `${group('memory/memory.soft_limit_in_bytes')} || ${group('memory.low')}`,
    `${group('cpuset/cpuset.cpus')} || ${group('cpuset.cpus')}`,
  ].join('; ');
  expect(await inside([...options, '--memory-reservation', '32m', '--cpuset-cpus', '0'], script)).toMatch(
    /^(512|20|50|59)\n25000( 50000)?\n33554432\n0\n$/,
  );
  expect(await refusal('--memory-swap', '100m')).toContain('--memory-swap');
  expect(await refusal('-m', '64m', '--memory-swap', '32m')).toContain('--memory-swap');
  expect(await refusal('--cpuset-cpus', 'all')).toContain('--cpuset-cpus');
  expect(await refusal('--device-read-bps', '/dev/null:1m')).toContain('no block device');
});
