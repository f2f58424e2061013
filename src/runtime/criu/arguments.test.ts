import { describe, expect, test } from 'bun:test';
import { HYBRID_HOST, V2_HOST } from '#kernel/host-facts.fixture.ts';
import { cgroupDirectories } from '#runtime/cgroup/layout.ts';
import { spec } from '#runtime/lower/lowering.fixture.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { dumpArguments, type DumpOptions, type DumpSubject } from './dump.ts';
import { parseMounts } from './external.ts';
import { restoreArguments, type RestoreOptions, type RestoreSubject } from './restore.ts';

const MOUNTINFO = `44 32 8:1 /b/rootfs / ro,relatime master:1 - ext4 /dev/vda rw
45 44 0:28 / /proc rw,relatime - proc proc rw
46 44 8:1 /data /with\\040blank rw,relatime - ext4 /dev/vda rw
47 45 0:5 /null /proc/kcore rw,relatime master:6 - devtmpfs dev rw
48 44 0:31 /box /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
49 44 0:33 / /dev/shm rw - tmpfs shm rw
`;

const bind = { destination: '/with blank', type: 'bind', source: 'data', options: ['rbind'] };
const boxed = (more: Partial<Spec> = {}): Spec => spec({ mounts: [bind], ...more });

function dump(options: Partial<DumpOptions> = {}, more: Partial<DumpSubject> = {}): string[] {
  const subject: DumpSubject = {
    spec: boxed(),
    pid: 71,
    rootfs: '/b/rootfs',
    mounts: parseMounts(MOUNTINFO),
    descriptors: ['file[18:4]', 'pipe:[12]', 'file[18:4]'],
    freezer: '/sys/fs/cgroup/freezer/box',
    joined: {},
    ...more,
  };
  return dumpArguments(subject, { images: '/i', work: '/w', ...options });
}

/** The values after each of the flags of that name. */
const valuesOf = (args: readonly string[], flag: string): (string | undefined)[] =>
  args.flatMap((word, index) => (word === flag ? [args[index + 1]] : []));

describe('a dump', () => {
  test('names what belongs to the host: binds, its nodes, groups of version 1, descriptors that lead outside', () => {
    expect(valuesOf(dump(), '--external')).toEqual([
      'mnt[/with blank]:/with blank',
      'mnt[/proc/kcore]:/proc/kcore',
      'mnt[/sys/fs/cgroup/memory]:/sys/fs/cgroup/memory',
      'file[18:4]',
    ]);
    expect(valuesOf(dump({}, { joined: { net: 7, pid: 8 } }), '--external').slice(-2)).toEqual([
      'net[7]:extRootNetNS',
      'pid[8]:extRootPidNS',
    ]);
  });

  test('freezes the group, keeps the log apart, and ends the container unless it is told otherwise', () => {
    const args = dump();
    expect(args.slice(0, 2)).toEqual(['dump', '--tree=71']);
    expect(valuesOf(args, '--freeze-cgroup')).toEqual(['/sys/fs/cgroup/freezer/box']);
    for (const one of ['--images-dir=/i', '--work-dir=/w', '--manage-cgroups=soft']) expect(args).toContain(one);
    expect(args).not.toContain('--leave-running');
    expect(dump({ leaveRunning: true })).toContain('--leave-running');
  });

  test('has a flag of criu for each of ours', () => {
    const cases: [Partial<DumpOptions>, string[]][] = [
      [{ preDump: true }, ['pre-dump', '--track-mem']],
      [{ parent: '../one' }, ['--prev-images-dir', '../one', '--track-mem']],
      [{ tcpEstablished: true, unixSockets: true }, ['--tcp-established', '--ext-unix-sk']],
      [{ shellJob: true, fileLocks: true }, ['--shell-job', '--file-locks']],
      [{ lazyPages: true, statusFd: 5 }, ['--lazy-pages', '--status-fd', '5']],
      [{ skipInFlight: true, linkRemap: true }, ['--skip-in-flight', '--link-remap']],
      [{ pageServer: '::1:99' }, ['--page-server', '--address', '::1', '--port', '99']],
      [{ autoDedup: true, emptyNamespaces: ['network'] }, ['--auto-dedup', '--empty-ns', 'net']],
      [{ tcpClose: true, networkLock: 'nftables' }, ['--tcp-close', '--network-lock', 'nftables']],
      [{ manageCgroups: 'ignore' }, ['--manage-cgroups=ignore']],
    ];
    for (const [options, wanted] of cases) expect(dump(options)).toEqual(expect.arrayContaining(wanted));
    const config = boxed({ annotations: { 'org.criu.config': '/etc/criu/runc.conf' } });
    expect(valuesOf(dump({}, { spec: config }), '--config')).toEqual(['/etc/criu/runc.conf']);
  });

  test('is refused for what cannot be, with the field', () => {
    const terminal = spec({}, { terminal: true });
    expect(() => dump({}, { spec: terminal })).toThrow(expect.objectContaining({ field: 'process.terminal' }));
    expect(dump({ shellJob: true }, { spec: terminal })).toContain('--shell-job');
    const cases: [Partial<DumpOptions>, string][] = [
      [{ manageCgroups: 'some' }, '--manage-cgroups-mode'],
      [{ emptyNamespaces: ['pid'] }, '--empty-ns'],
      [{ pageServer: 'host' }, '--page-server'],
    ];
    for (const [options, field] of cases) expect(() => dump(options)).toThrow(expect.objectContaining({ field }));
  });
});

describe('a restore', () => {
  const subject = (more: Partial<RestoreSubject> = {}): RestoreSubject => ({
    spec: boxed(),
    bundle: '/b',
    root: '/run/box/root',
    pidFile: '/run/box/criu.pid',
    groups: cgroupDirectories(V2_HOST.cgroup, '/box'),
    descriptors: ['', 'pipe:[12]', 'file[18:4]'],
    joined: {},
    ...more,
  });
  const restore = (more: Partial<RestoreSubject> = {}, options: Partial<RestoreOptions> = {}): string[] =>
    restoreArguments(subject(more), { images: '/i', work: '/w', ...options });

  test('says where the host has now what belongs to it', () => {
    const external = valuesOf(restore(), '--external');
    expect(external).toContain('mnt[/with blank]:/b/data');
    expect(external).toContain('mnt[/proc/kcore]:/dev/null');
    const groups = cgroupDirectories(HYBRID_HOST.cgroup, '/box');
    const cgroup = { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' };
    const old = valuesOf(restore({ groups, spec: boxed({ mounts: [cgroup] }) }), '--external');
    expect(old).toContain('mnt[/sys/fs/cgroup/memory]:/sys/fs/cgroup/memory/box');
  });

  test('hands on the standard descriptors that led outside, and joined namespaces', () => {
    expect(valuesOf(restore({ joined: { net: 4 } }), '--inherit-fd')).toEqual([
      'fd[1]:pipe:[12]',
      'fd[2]:file[18:4]',
      'fd[4]:extRootNetNS',
    ]);
  });

  test('puts it into the container’s groups, and makes it a child of who called criu', () => {
    expect(valuesOf(restore(), '--cgroup-root')).toEqual(['/box']);
    const groups = cgroupDirectories(HYBRID_HOST.cgroup, '/box');
    expect(valuesOf(restore({ groups }), '--cgroup-root')).toEqual(
      expect.arrayContaining(['cpu:/box', 'name=systemd:/box']),
    );
    expect(valuesOf(restore({}, { manageCgroups: 'ignore' }), '--cgroup-root')).toEqual([]);
    expect(restore()).toEqual(expect.arrayContaining(['--restore-detached', '--restore-sibling']));
  });

  test('another label, and a terminal that is refused', () => {
    const options = { lsmProfile: 'apparmor:x', lsmMountContext: 'c' };
    expect(restore({}, options).slice(-4)).toEqual(['--lsm-profile', 'apparmor:x', '--lsm-mount-context', 'c']);
    expect(() => restore({ spec: spec({}, { terminal: true }) })).toThrow(
      expect.objectContaining({ field: 'process.terminal' }),
    );
  });
});
