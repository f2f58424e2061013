/** Options of create and run, each with what it does inside or on the host, and with what it must refuse. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { REFUSED_OPTIONS } from '#doors/cli/engine/refused-options.ts';
import { SAMPAN } from '#tools/places.ts';
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
afterEach(() => expect(world.leftovers()).toEqual([]));
beforeEach(() => {
  rmSync(here, { recursive: true, force: true });
  mkdirSync(here);
});

const { inside } = calls(() => world);
/** What sampan says against these options. */
async function refusal(...options: string[]): Promise<string> {
  const { status, stderr } = await world.sampan('create', ...options, world.image, 'true');
  expect([options, status]).toEqual([options, 125]);
  return stderr;
}
/** `{{FIELD}}` of a container that is made with these options. */
async function shown(options: readonly string[], format: string): Promise<string> {
  const made = await world.sampan('create', ...options, world.image, 'true');
  expect([options, made.status, made.stderr]).toEqual([options, 0, '']);
  const { stdout } = await world.sampan('inspect', '-f', format, made.stdout.trim());
  await world.sampan('rm', made.stdout.trim());
  return stdout.trim();
}

test('what is not there says why, in its long and its short form', async () => {
  for (const [name, { why, short }] of Object.entries(REFUSED_OPTIONS)) {
    const said = await refusal(`--${name}=1`);
    expect([name, said]).toEqual([name, expect.stringContaining(`--${name} is not there: ${why}`)]);
    if (short !== undefined) expect(await refusal(`-${short}`, '80:80')).toContain(`--${name} is not there`);
  }
  expect(await refusal('--runtime', 'runc')).toContain('--runtime');
  expect(await refusal('--isolation', 'hyperv')).toContain('--isolation');
  expect(await refusal('--no-such-option')).toContain('unknown flag: --no-such-option');
});

test('what docker takes by habit is taken', async () => {
  expect(await shown(['--runtime', 'sampan', '--isolation', 'default'], '{{.HostConfig.Runtime}}')).toBe('sampan');
  expect(await inside(['--disable-content-trust', '--net', 'none'], 'echo fine')).toBe('fine\n');
  expect(await shown(['--volume-driver', 'local', '-v', '/fresh'], '{{range .Mounts}}{{.Driver}}{{end}}')).toBe(
    'local',
  );
  expect(await refusal('--volume-driver', 'cloud', '-v', '/fresh')).toContain('cloud');
});

test('annotations are in the specification', async () => {
  const { stdout } = await world.sampan('run', '-d', '--annotation', 'org.example.a=1=2', world.image, 'sleep', '60');
  const config = readFileSync(join(world.root, 'containers', stdout.trim(), 'config.json'), 'utf8');
  expect(JSON.parse(config)).toMatchObject({ annotations: { 'org.example.a': '1=2' } });
  await world.sampan('rm', '-f', stdout.trim());
  expect(await refusal('--annotation', 'alone')).toContain('--annotation');
});

test('the control group lies below its parent, and every verb finds it there', async () => {
  const parent = `/sampan/parent-of-${process.pid}`;
  const made = await world.sampan(
    'run',
    '-d',
    '--cgroup-parent',
    parent,
    '--name',
    'child',
    world.image,
    'sleep',
    '60',
  );
  const [id, directory] = [made.stdout.trim(), `/sys/fs/cgroup/pids${parent}`];
  const group = existsSync('/sys/fs/cgroup/pids') ? directory : `/sys/fs/cgroup${parent}`;
  try {
    expect(readdirSync(group)).toContain(id);
    expect((await world.sampan('top', 'child')).stdout).toContain('sleep 60');
    expect((await world.sampan('pause', 'child')).status).toBe(0);
    expect((await world.sampan('ps')).stdout).toContain('(Paused)');
    expect((await world.sampan('unpause', 'child')).status).toBe(0);
    expect((await world.sampan('exec', 'child', 'echo', 'in')).stdout).toBe('in\n');
    expect((await world.sampan('update', '--pids-limit', '50', 'child')).status).toBe(0);
    expect(readFileSync(join(group, id, 'pids.max'), 'utf8')).toBe('50\n');
    await world.sampan('rm', '-f', 'child');
    expect(readdirSync(group)).not.toContain(id);
    // The monitor, too: it is killed, and the next command clears what it watched.
    const next = await world.sampan('run', '-d', '--cgroup-parent', parent, world.image, 'sleep', '60');
    const lock = readFileSync(join(world.root, 'containers', next.stdout.trim(), 'lock'), 'utf8');
    process.kill(Number(lock.split(' ')[0]), 'SIGKILL');
    // A kill takes effect a moment later.
    for (let tries = 0; existsSync(join(group, next.stdout.trim())) && tries < 200; tries += 1)
      await world.sampan('ps', '-a');
    expect(readdirSync(group)).not.toContain(next.stdout.trim());
    await world.sampan('rm', next.stdout.trim());
  } finally {
    Bun.spawnSync([
      'find',
      '/sys/fs/cgroup',
      '-depth',
      '-type',
      'd',
      '-path',
      `*${parent}*`,
      '-exec',
      'rmdir',
      '{}',
      '+',
    ]);
  }
  expect(await refusal('--cgroup-parent', '../up')).toContain('--cgroup-parent');
  expect(await refusal('--cgroup-parent', '/')).toContain('--cgroup-parent');
});

test('memory and queues are shared with whom was asked before', async () => {
  const owner = ['-d', '--name', 'owner', '--ipc', 'shareable', '--shm-size', '3m', world.image];
  expect((await world.sampan('run', ...owner, 'sh', '-c', 'echo ours > /dev/shm/word; sleep 100')).status).toBe(0);
  const join_ = ['--ipc', 'container:owner'];
  const script =
    'until cat /dev/shm/word; do sleep 0.1; done 2>/dev/null; echo theirs > /dev/shm/answer; df -k /dev/shm | tail -1';
  expect(await inside(join_, script)).toMatch(/^ours\n.*\b3072\b/);
  expect((await world.sampan('exec', 'owner', 'cat', '/dev/shm/answer')).stdout).toBe('theirs\n');
  const namespace = await world.sampan('exec', 'owner', 'readlink', '/proc/self/ns/ipc');
  expect(await inside(join_, 'readlink /proc/self/ns/ipc')).toBe(namespace.stdout);
  expect(await inside([...join_, '--read-only', '-u', 'app'], 'touch /dev/shm/x && echo ok')).toBe('ok\n');
  // Whatever the other has made of its /dev/shm, no link leads to the host.
  await world.sampan(
    'exec',
    '--privileged',
    'owner',
    'sh',
    '-c',
    'umount /dev/shm && rmdir /dev/shm && ln -s /etc /dev/shm',
  );
  expect(await inside(join_, 'ls /dev/shm/os-release; cat /dev/shm/hostname')).toContain('/dev/shm/os-release');
  expect((await world.sampan('create', '--name', 'later', ...join_, world.image, 'true')).status).toBe(0);
  await world.sampan('rm', '-f', 'owner');
  expect((await world.sampan('start', 'later')).stderr).toContain('No such container');
  await world.sampan('rm', 'later');
  await world.sampan('run', '-d', '--name', 'private', world.image, 'sleep', '100');
  const { status, stderr } = await world.sampan('run', '--rm', '--ipc', 'container:private', world.image, 'true');
  expect([status, stderr]).toEqual([125, expect.stringContaining('--ipc shareable')]);
  await world.sampan('rm', '-f', 'private');
});

test('security options: paths hidden and shown, groups to write to', async () => {
  const hidden = 'cat /proc/version 2>&1 | wc -c; ls /sys/class | wc -l';
  expect(await inside(['--security-opt', 'mask=/proc/version:/sys/class'], hidden)).toBe('0\n0\n');
  expect(await inside([], 'grep -c " /proc/sys " /proc/mounts')).toBe('1\n');
  expect(await inside(['--security-opt', 'unmask=/proc/sys'], 'grep -c " /proc/sys " /proc/mounts')).toBe('0\n');
  expect(await inside(['--security-opt', 'unmask=/proc/*'], 'grep -c " /proc/" /proc/mounts')).toBe('0\n');
  expect(await inside(['--security-opt', 'unmask=ALL'], 'grep -c " /proc/" /proc/mounts')).toBe('0\n');
  expect(await inside(['--security-opt', 'no-new-privileges=false'], 'grep NoNewPrivs /proc/self/status')).toContain(
    '0',
  );
  const groups = "grep ' /sys/fs/cgroup' /proc/mounts | head -1 | grep -o ' r[ow],'";
  expect(await inside([], groups)).toBe(' ro,\n');
  const writable = ['--security-opt', 'writable-cgroups'];
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) expect(await inside(writable, groups)).toBe(' rw,\n');
  else expect(await refusal(...writable)).toContain('version 2');
  expect(await inside(['--security-opt', 'seccomp=builtin'], 'grep ^Seccomp: /proc/self/status')).toContain('2');
  for (const option of ['mask=relative', 'mask=', 'writable-cgroups=perhaps', 'label=type:x', 'label'])
    expect(await refusal('--security-opt', option)).toContain('--security-opt');
});

test('limits of devices and of realtime reach the control groups', async () => {
  const device = readdirSync('/sys/block').find((name) => existsSync(`/dev/${name}`));
  const number = device === undefined ? '' : readFileSync(`/sys/block/${device}/dev`, 'utf8').trim();
  if (device !== undefined && existsSync('/sys/fs/cgroup/blkio')) {
    const path = `/dev/${device}`;
    const options = ['bps', 'iops'].flatMap((unit) =>
      ['--device-read-', '--device-write-'].flatMap((name) => [
        `${name}${unit}`,
        `${path}:${unit === 'bps' ? '1m' : 7}`,
      ]),
    );
    const files = ['read_bps', 'write_bps', 'read_iops', 'write_iops'].map(
      (name) => `/sys/fs/cgroup/blkio/blkio.throttle.${name}_device`,
    );
    expect(await inside(options, `cat ${files.join(' ')}`)).toBe(
      [1 << 20, 1 << 20, 7, 7].map((rate) => `${number} ${rate}\n`).join(''),
    );
    expect(await shown(['--blkio-weight-device', `${path}:100`], '{{json .HostConfig.BlkioWeightDevice}}')).toBe(
      `[{"Path":"/dev/block/${number}","Weight":100}]`,
    );
    expect(await refusal('--blkio-weight-device', `${path}:1`)).toContain('10 to 1000');
  }
  const realtime = ['--cpu-rt-period', '1000000', '--cpu-rt-runtime', '95000'];
  expect(await shown(realtime, '{{.HostConfig.CpuRealtimePeriod}} {{.HostConfig.CpuRealtimeRuntime}}')).toBe(
    '1000000 95000',
  );
  const mems = 'cat /sys/fs/cgroup/cpuset/cpuset.mems 2>/dev/null || cat /sys/fs/cgroup/cpuset.mems';
  expect(await inside(['--cpuset-mems', '0'], mems)).toBe('0\n');
  const oom = '/sys/fs/cgroup/memory/memory.oom_control';
  if (existsSync(oom))
    expect(await inside(['-m', '32m', '--oom-kill-disable'], `cat ${oom}`)).toContain('oom_kill_disable 1');
  for (const [option, value] of [
    ['--device-read-bps', '/dev/null:1m'],
    ['--device-write-iops', 'sda'],
    ['--cpu-rt-period', 'long'],
    ['--cpuset-mems', 'all'],
    ['--kernel-memory', '5m'],
  ] as const)
    expect(await refusal(option, value)).toContain(option);
});

test('images are mounted read-only, whole or in part, and stay as long as they are', async () => {
  const other = await world.push('mounted', '1', { Cmd: ['true'] });
  expect(await refusal('--mount', `type=image,source=${other},target=/m`)).toContain(`No such image: ${other}`);
  expect((await world.sampan('pull', '-q', other)).status).toBe(0);
  const at = `type=image,source=${other},target=/m`;
  expect(await inside(['--mount', at], 'cat /m/etc/hostname; touch /m/x; echo a > /m/etc/hostname')).toMatch(
    /^image\n.*Read-only file system\n.*Read-only file system\n$/,
  );
  expect(await inside(['--mount', `${at},image-subpath=etc/./`], 'cat /m/hostname')).toBe('image\n');
  expect(await inside(['--mount', `${at},image-subpath=etc/hostname,readonly=false`], 'cat /m; echo x > /m')).toMatch(
    /^image\n.*Read-only/,
  );
  const made = await world.sampan('create', '--name', 'holder', '--mount', at, world.image, 'cat', '/m/etc/hostname');
  expect(made.status).toBe(0);
  const { stdout } = await world.sampan('inspect', '-f', '{{json .Mounts}}', 'holder');
  expect(JSON.parse(stdout)).toMatchObject([{ Type: 'image', Source: other, Destination: '/m', RW: false }]);
  const removal = await world.sampan('rmi', other);
  expect([removal.status, removal.stderr]).toEqual([5, expect.stringContaining('holder')]);
  expect((await world.sampan('cp', 'holder:/m/etc/hostname', join(here, 'copied'))).status).toBe(0);
  expect(readFileSync(join(here, 'copied'), 'utf8')).toBe('image\n');
  expect((await world.sampan('start', '-a', 'holder')).stdout).toBe('image\n');
  await world.sampan('rm', 'holder');
  for (const [more, word] of [
    ['image-subpath=nothing/there', 'nothing/there'],
    ['image-subpath=../up', 'image-subpath'],
    ['image-subpath=/etc', 'image-subpath'],
    ['image-subpath=', 'image-subpath'],
    ['volume-nocopy', 'volume-nocopy'],
  ] as const)
    expect(await refusal('--mount', `${at},${more}`)).toContain(word);
  expect(await refusal('--mount', 'type=image,target=/m')).toContain('source');
  expect((await world.sampan('rmi', other)).status).toBe(0);
});

test('an image of several layers is mounted as one tree, with its own links', async () => {
  const base = await world.sampan(
    'run',
    '--name',
    'layer',
    world.image,
    'sh',
    '-c',
    'rm /etc/os-release; mkdir -p /data/in; echo deep > /data/in/file; ln -s data/in /short',
  );
  expect(base.status).toBe(0);
  expect((await world.sampan('commit', '-q', 'layer', 'layered:1')).status).toBe(0);
  await world.sampan('rm', 'layer');
  const at = 'type=image,source=layered:1,target=/m';
  expect(
    await inside(['--mount', at], 'ls /m/etc/os-release; cat /m/data/in/file; ls -l /m/short | grep -o "data/in"'),
  ).toMatch(/^deep\ndata\/in\n.*No such file/);
  expect(await inside(['--mount', `${at},image-subpath=short`], 'cat /m/file')).toBe('deep\n');
  expect(
    await inside(
      ['--mount', `${at},image-subpath=data`, '--mount', `${at}2`],
      'cat /m/in/file /m2/data/in/file; grep -c " /m" /proc/mounts',
    ),
  ).toBe('deep\ndeep\n2\n');
  expect(await refusal('--mount', `${at},image-subpath=etc/os-release`)).toContain('etc/os-release');
  expect(await refusal('--mount', at, '--tmpfs', '/m', '-v', `${here}:/m`)).toContain('Duplicate mount point');
  expect((await world.sampan('rmi', 'layered:1')).status).toBe(0);
});

test('bind mounts: where from, how deep, and made when that is asked', async () => {
  const at = `type=bind,target=/m,source=${join(here, 'made')}`;
  expect(await inside(['--mount', `${at},bind-create-src`], 'touch /m/x && echo ok')).toBe('ok\n');
  expect(statSync(join(here, 'made')).isDirectory()).toBe(true);
  const dot = Bun.spawnSync(
    [SAMPAN, 'run', '--rm', '--mount', 'type=bind,source=./made,target=/m', world.image, 'ls', '/m'],
    {
      cwd: here,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SAMPAN_ROOT: world.root },
    },
  );
  expect(dot.stdout.toString()).toBe('x\n');
  for (const [more, word] of [
    ['bind-recursive=readonly', 'needs readonly'],
    ['bind-recursive=writable', 'needs readonly'],
    ['bind-recursive=readonly,readonly', 'rprivate'],
    ['bind-propagation=wild', 'wild'],
    ['bind-create-src=perhaps', 'neither'],
  ] as const)
    expect(await refusal('--mount', `${at},${more}`)).toContain(word);
  expect(
    await inside(['--mount', `${at},bind-recursive=readonly,readonly,bind-propagation=rprivate`], 'touch /m/y'),
  ).toContain('Read-only');
});

test("labels of the image are the container's, under its own", async () => {
  const labelled = await world.push('labelled', '1', { Labels: { from: 'image', both: 'image' } });
  expect((await world.sampan('pull', '-q', labelled)).status).toBe(0);
  await world.sampan('create', '--name', 'labelled', '-l', 'both=own', labelled, 'true');
  const { stdout } = await world.sampan('inspect', '-s', '-f', '{{json .Config.Labels}} {{.SizeRw}}', 'labelled');
  expect(stdout).toMatch(/^\{"both":"own","from":"image"\} \d+\n$/);
  expect((await world.sampan('ps', '-aq', '-f', 'label=from=image')).stdout).not.toBe('');
  await world.sampan('rm', 'labelled');
});
