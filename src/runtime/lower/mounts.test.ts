import { describe, expect, test } from 'bun:test';
import { MOUNT_ATTR, PROPAGATION } from '#kernel/linux.ts';
import type { Mount } from '#runtime/spec/spec.ts';
import { V2_HOST } from '#kernel/host-facts.fixture.ts';
import { cgroupDirectories } from '#runtime/cgroup/layout.ts';
import { all, CONTEXT, one, spec } from './lowering.fixture.ts';
import { parseMountOptions } from './mount-options.ts';
import type { LoweredMounts } from './lowered-mounts.ts';
import { bindSources, lowerMounts } from './mounts.ts';

const sources = new Map([
  ['/bundle/data', 'directory' as const],
  ['/etc/hosts', 'file' as const],
]);

function lower(mount: Mount, namespaced = true, facts = CONTEXT.facts): LoweredMounts {
  const directories = cgroupDirectories(facts.cgroup, '/box');
  return lowerMounts(
    spec({ mounts: [mount] }),
    { ...CONTEXT, facts, sources },
    { namespaced, isUnified: facts.cgroup.mode === 'v2', directories },
  );
}

describe('options', () => {
  test('the later of two that contradict wins', () => {
    const { set, clear } = parseMountOptions(['ro', 'nosuid', 'rw', 'noatime', 'strictatime']);
    expect(set).toBe(MOUNT_ATTR.noSuid | MOUNT_ATTR.strictAtime);
    expect(clear & MOUNT_ATTR.readOnly).toBe(MOUNT_ATTR.readOnly);
  });

  test('an r in front means the whole tree, except where the name itself starts so', () => {
    const parsed = parseMountOptions(['rro', 'rnosuid', 'relatime', 'rw', 'rprivate', 'size=1m', 'defaults']);
    expect(parsed.treeSet).toBe(MOUNT_ATTR.readOnly | MOUNT_ATTR.noSuid);
    expect(parsed.set).toBe(0);
    expect(parsed.propagation).toEqual([{ flag: PROPAGATION.private, recursive: true }]);
    expect(parsed.data).toEqual(['size=1m']);
  });
});

describe('binds', () => {
  test('are cloned from the host, changed while detached, then attached to what mkpath made', () => {
    const mount = { destination: '/data', type: 'bind', source: 'data', options: ['rbind', 'ro', 'rslave'] };
    const { sources: steps, attach } = lower(mount);
    expect(steps.map((step) => step.op)).toEqual(['tree', 'mountAttr', 'mountAttr']);
    expect(one(steps, 'tree')).toMatchObject({ path: '/bundle/data', recursive: 1, origin: 'mounts[0]' });
    expect(attach.map((step) => step.op)).toEqual(['mkpath', 'attach']);
    expect(one(attach, 'mkpath')).toMatchObject({ path: '/data', kind: 0 });
  });

  test('of a file get a file to be attached to', () => {
    const { attach } = lower({ destination: '/etc/hosts', source: '/etc/hosts', options: ['bind'] });
    expect(one(attach, 'mkpath').kind).toBe(1);
  });

  test('of nothing are refused, as are options that binds do not know', () => {
    expect(() => lower({ destination: '/x', source: '/nope', options: ['bind'] })).toThrow('/nope does not exist');
    expect(() => lower({ destination: '/x', source: '/etc/hosts', options: ['bind', 'sise=1'] })).toThrow('sise=1');
    expect(() => lower({ destination: '/x', options: ['bind'] })).toThrow('mounts[0].source');
  });

  test('name their sources for the caller to look at, relative ones below the bundle', () => {
    const mounts = [
      { destination: '/a', source: 'x/../y', options: ['bind'] },
      { destination: '/p', type: 'proc' },
    ];
    expect(bindSources(spec({ mounts }), '/b')).toEqual(['/b/y']);
  });
});

describe('a bind source that is a symlink', () => {
  const link = (option: string): LoweredMounts => {
    const mounts = [{ destination: '/l', source: '/etc/link', options: ['bind', option] }];
    const links = new Map([['/etc/link', 'target']]);
    return lowerMounts(
      spec({ mounts }),
      { ...CONTEXT, sources, links },
      { namespaced: true, isUnified: false, directories: [] },
    );
  };

  test('is copied as one, or mounted itself', () => {
    expect(link('copy-symlink')).toMatchObject({
      sources: [],
      attach: [{ op: 'symlink', path: '/l', target: 'target' }],
    });
    const { sources: steps, attach } = link('src-nofollow');
    expect([one(steps, 'tree').nofollow, one(attach, 'mkpath').kind]).toEqual([1, 1]);
    expect(() => link('ro')).toThrow('/etc/link does not exist');
  });
});

describe('ids of a bind mount', () => {
  const bind = (more: Partial<Mount>): Mount => ({
    destination: '/data',
    source: 'data',
    ...more,
    options: ['rbind', ...(more.options ?? [])],
  });
  const map = [{ containerID: 0, hostID: 1000, size: 5 }];

  test('are mapped through a namespace of the maps, while the clone is detached', () => {
    const steps = lower(bind({ uidMappings: map, gidMappings: map })).sources;
    expect(steps.map((step) => step.op)).toEqual(['tree', 'userns', 'mountAttr', 'close']);
    expect(one(steps, 'userns')).toMatchObject({ uidMap: '0 1000 5\n', gidMap: '0 1000 5\n', origin: 'mounts[0]' });
    expect(one(steps, 'mountAttr')).toMatchObject({ userns: 'mount.0.ids', recursive: 0 });
  });

  test('come from the option, or from the container; an r is for the whole tree', () => {
    const option = 'ridmap=uids=0-1000-1#1-2000-3;gids=0-7-1';
    const steps = lower(bind({ options: [option] })).sources;
    expect(one(steps, 'userns')).toMatchObject({ uidMap: '0 1000 1\n1 2000 3\n', gidMap: '0 7 1\n' });
    expect(one(steps, 'mountAttr').recursive).toBe(1);
    const mounts = [bind({ options: ['idmap'] })];
    const mapped = spec({ mounts }, {}, { uidMappings: map, gidMappings: map });
    const groups = { namespaced: true, isUnified: false, directories: [] };
    const own = lowerMounts(mapped, { ...CONTEXT, sources }, groups).sources;
    expect(one(own, 'userns').uidMap).toBe('0 1000 5\n');
  });

  test('that are asked for in part, by no map, or elsewhere are refused with the field', () => {
    expect(() => lower(bind({ uidMappings: map }))).toThrow('mounts[0].gidMappings');
    expect(() => lower(bind({ options: ['idmap'] }))).toThrow('needs uidMappings');
    expect(() => lower(bind({ options: ['idmap=uids=0-1'] }))).toThrow('no range');
    expect(() => lower({ destination: '/x', type: 'tmpfs', options: ['idmap'] })).toThrow('bind mounts only');
  });
});

describe('file systems', () => {
  test('a tmpfs is filled with what it covers before it is attached', () => {
    const { attach } = lower({ destination: '/etc', type: 'tmpfs', options: ['tmpcopyup', 'mode=700'] });
    expect(attach.map((step) => step.op)).toEqual(['fsmount', 'mkpath', 'copyUp', 'attach']);
    expect(one(attach, 'copyUp')).toMatchObject({ from: 'mount.0.at', to: 'mount.0', attributes: 0 });
    expect(() => lower({ destination: '/x', type: 'proc', options: ['tmpcopyup'] })).toThrow('tmpfs only');
    const bind = { destination: '/data', type: 'bind', source: 'data', options: ['tmpcopyup'] };
    expect(() => lower(bind)).toThrow('knows no option "tmpcopyup"');
    expect(lower({ ...bind, options: ['mode=755', 'size=64k'] })).toEqual(lower({ ...bind, options: [] }));
  });

  test('options of the tree count for a new mount, those of the file system are left to it', () => {
    const { attach } = lower({ destination: '/run', type: 'tmpfs', options: ['rnoexec', 'dest-nofollow', 'lazytime'] });
    expect(one(attach, 'fsmount')).toMatchObject({ attrs: MOUNT_ATTR.noExec, options: ['lazytime'] });
    expect(one(attach, 'mkpath').nofollow).toBe(1);
    const mount = { destination: '/data', type: 'bind', source: 'data', options: ['sync', 'nolazytime'] };
    expect(lower(mount).sources.map((step) => step.op)).toEqual(['tree']);
  });

  test('proc and sysfs are never mounted through a symlink', () => {
    for (const type of ['proc', 'sysfs'])
      expect(one(lower({ destination: '/p', type }).attach, 'mkpath').nofollow).toBe(1);
    expect(one(lower({ destination: '/p', type: 'tmpfs' }).attach, 'mkpath').nofollow).toBe(0);
  });

  test('a read-only tmpfs turns read-only only at the end, so that it can be filled', () => {
    const { attach, finish } = lower({ destination: '/run', type: 'tmpfs', options: ['ro', 'nodev', 'size=1m'] });
    expect(one(attach, 'fsmount')).toMatchObject({ attrs: MOUNT_ATTR.noDev, options: ['size=1m'] });
    expect(finish).toMatchObject([{ op: 'mountAttr', slot: 'mount.0', set: MOUNT_ATTR.readOnly }]);
  });

  test('one without a type is refused', () => {
    expect(() => lower({ destination: '/x' })).toThrow('mounts[0].type');
  });
});

describe('remount', () => {
  test('changes the attributes of what is there, of one mount or of all below', () => {
    const { sources: steps, attach } = lower({ destination: '/sys', options: ['bind', 'remount', 'ro', 'rnosuid'] });
    expect(steps).toEqual([]);
    expect(attach.map(({ op }) => op)).toEqual(['openMount', 'mountAttr', 'mountAttr', 'close']);
    expect(all(attach, 'mountAttr')).toMatchObject([
      { set: MOUNT_ATTR.readOnly },
      { set: MOUNT_ATTR.noSuid, recursive: 1 },
    ]);
  });

  test('options of a file system cannot be changed so', () => {
    const mount = { destination: '/dev/shm', type: 'tmpfs', options: ['remount', 'size=1m'] };
    expect(() => lower(mount)).toThrow(expect.objectContaining({ field: 'mounts[0].options' }));
  });
});

describe('control groups', () => {
  const mount = { destination: '/sys/fs/cgroup', type: 'cgroup', options: ['nosuid', 'ro'] };

  test('version 1: one file system per hierarchy in a tmpfs, with links for joined controllers', () => {
    const { attach, finish } = lower(mount);
    expect(all(attach, 'fsmount').map((step) => [step.fstype, ...(step.options ?? [])].join(' '))).toEqual([
      'tmpfs mode=755',
      'cgroup cpu cpuacct',
      'cgroup cpuset',
      'cgroup memory',
      'cgroup devices',
      'cgroup freezer',
      'cgroup pids',
      'cgroup none name=systemd',
    ]);
    expect(all(attach, 'symlink').map((step) => [step.path, step.target])).toEqual([
      ['/sys/fs/cgroup/cpu', 'cpu,cpuacct'],
      ['/sys/fs/cgroup/cpuacct', 'cpu,cpuacct'],
    ]);
    expect(finish).toMatchObject([{ op: 'mountAttr', set: MOUNT_ATTR.readOnly }]);
  });

  test('one that is named is mounted alone, right where it is asked for', () => {
    const options = ['nosuid', 'none', 'name=systemd'];
    const single = lower({ destination: '/systemd', type: 'cgroup', options });
    expect(one(single.attach, 'fsmount')).toMatchObject({
      options: ['none', 'name=systemd'],
      attrs: MOUNT_ATTR.noSuid,
    });
    expect(one(single.attach, 'mkpath').path).toBe('/systemd');
    const none = lower({ destination: '/other', type: 'cgroup', options: ['none', 'name=other'] });
    expect([...none.sources, ...none.attach, ...none.finish]).toEqual([]);
    const { sources } = lower({ destination: '/systemd', type: 'cgroup', options }, false);
    expect(all(sources, 'tree').map((step) => step.path)).toEqual(['/sys/fs/cgroup/systemd/box']);
  });

  test('without a cgroup namespace only the own group is in sight', () => {
    const trees = all(lower(mount, false).sources, 'tree').map((step) => step.path);
    expect(trees).toContain('/sys/fs/cgroup/memory/box');
    expect(all(lower(mount, false, V2_HOST).sources, 'tree').map((step) => step.path)).toEqual(['/sys/fs/cgroup/box']);
  });

  test('version 2: the unified file system', () => {
    expect(one(lower(mount, true, V2_HOST).attach, 'fsmount')).toMatchObject({ fstype: 'cgroup2', attrs: 3 });
  });
});
