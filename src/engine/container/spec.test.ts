import { expect, test } from 'bun:test';
import { DEFAULT_OPTIONS, type ContainerOptions } from './options.ts';
import { containerSpec } from './spec.ts';

const ALL = ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN'];
const IMAGE = { Env: ['PATH=/image', 'A=image'], Entrypoint: ['/entry'], Cmd: ['default'], WorkingDir: '/work' };

const specOf = (options: Partial<ContainerOptions>, uid = 0) =>
  containerSpec({
    id: 'f00dfeedf00dfeed',
    options: { ...DEFAULT_OPTIONS, ...options },
    image: IMAGE,
    user: { uid, gid: uid, additionalGids: [], home: '/home' },
    directory: '/containers/x',
    allCapabilities: ALL,
    hardOpenFiles: 20000,
    seccomp: { defaultAction: 'SCMP_ACT_ERRNO' },
    sharedWith: new Map(),
    rootPath: '/root-point',
  });

test('the image says what is run where, unless the user does', () => {
  expect(specOf({}).process).toMatchObject({ args: ['/entry', 'default'], cwd: '/work' });
  expect(specOf({ command: ['mine'] }).process?.args).toEqual(['/entry', 'mine']);
  expect(specOf({ entrypoint: ['/other'], workdir: '/there' }).process).toMatchObject({
    args: ['/other'],
    cwd: '/there',
  });
});

test("of two values for a variable the later one wins: ours, the image's, the user's", () => {
  expect(specOf({ env: ['A=mine', 'B=2'] }).process?.env).toEqual([
    'PATH=/image',
    'HOSTNAME=f00dfeedf00d',
    'HOME=/home',
    'A=mine',
    'B=2',
  ]);
  expect(specOf({ tty: true, env: ['TERM=vt100'] }).process?.env).toContain('TERM=vt100');
});

test('only root holds capabilities from the start, and nobody inherits any', () => {
  expect(specOf({}).process?.capabilities).toMatchObject({
    effective: expect.arrayContaining(['CAP_CHOWN', 'CAP_KILL']),
    inheritable: [],
    ambient: [],
  });
  expect(specOf({}, 1000).process?.capabilities).toMatchObject({
    effective: [],
    permitted: [],
    inheritable: [],
    ambient: [],
  });
  expect(specOf({}, 1000).process?.capabilities?.bounding).toContain('CAP_CHOWN');
});

test('a privileged container has every capability, no filter, no masks, writable /sys', () => {
  const { process, linux, mounts } = specOf({ privileged: true });
  expect(process?.capabilities?.bounding).toEqual(ALL);
  expect(linux?.seccomp).toBeUndefined();
  expect(linux?.maskedPaths).toEqual([]);
  expect(linux?.resources?.devices).toEqual([{ allow: true, access: 'rwm' }]);
  expect(mounts?.find((mount) => mount.destination === '/sys')?.options).toContain('rw');
});

test("the host's network means its resolver and hosts, and no network namespace", () => {
  const { linux, mounts } = specOf({ network: 'host' });
  expect(linux?.namespaces?.map(({ type }) => type)).not.toContain('network');
  expect(mounts?.find((mount) => mount.destination === '/etc/resolv.conf')?.source).toBe('/etc/resolv.conf');
  expect(specOf({}).mounts?.find((mount) => mount.destination === '/etc/hosts')?.source).toBe('/containers/x/hosts');
});

test("limits are the specification's own units", () => {
  expect(specOf({ memory: 1000, cpus: 1.5, pidsLimit: 7 }).linux?.resources).toMatchObject({
    memory: { limit: 1000, swap: 2000 },
    cpu: { quota: 150_000, period: 100_000 },
    pids: { limit: 7 },
  });
});

test('bind mounts come last and are recursive and private unless said otherwise', () => {
  const bind = { source: '/s', destination: '/d', readOnly: true, options: [] };
  expect(specOf({ binds: [bind] }).mounts?.at(-1)).toEqual({
    destination: '/d',
    type: 'bind',
    source: '/s',
    options: ['rbind', 'rro', 'rprivate'],
  });
});

test('systemd gets its own hierarchy over whatever is mounted there', () => {
  const place = '/sys/fs/cgroup/systemd';
  const host = { source: '/sys/fs/cgroup', destination: '/sys/fs/cgroup', readOnly: true, options: [] };
  const systemd: Partial<ContainerOptions> = { systemd: 'always' };
  expect(specOf({ ...systemd, binds: [host] }).mounts?.at(-1)).toMatchObject({ destination: place, type: 'cgroup' });
  const own = { ...host, destination: place };
  expect(specOf({ ...systemd, binds: [own] }).mounts?.filter(({ destination }) => destination === place)).toEqual([
    expect.objectContaining({ type: 'bind' }),
  ]);
  expect(specOf({}).mounts?.some(({ destination }) => destination === place)).toBe(false);
});
