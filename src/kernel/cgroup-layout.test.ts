import { expect, test } from 'bun:test';
import { cgroupLayout } from './cgroup-layout.ts';

const none = (): string[] => [];
const ROOT = '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n';

test('version 2: one unified tree with its controllers', () => {
  const files: Record<string, string[]> = {
    '/sys/fs/cgroup/cgroup.controllers': ['cpu', 'memory'],
    '/sys/fs/cgroup/cgroup.subtree_control': ['memory'],
  };
  const layout = cgroupLayout(
    `${ROOT}30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n`,
    '0::/user.slice/session-1.scope\n',
    (path) => files[path] ?? [],
  );
  expect(layout.mode).toBe('v2');
  expect(layout.hierarchies).toEqual([]);
  expect({ ...layout.unified }).toEqual({
    mountPoint: '/sys/fs/cgroup',
    namespacesDelegate: true,
    own: '/user.slice/session-1.scope',
    controllers: ['cpu', 'memory'],
    enabled: ['memory'],
  });
});

test('version 1: joined controllers are one hierarchy, a named one has no controller', () => {
  const layout = cgroupLayout(
    `${ROOT}31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
`,
    '2:cpu,cpuacct:/a/b\n1:name=systemd:/c\n',
    none,
  );
  expect(layout.mode).toBe('v1');
  expect(layout.hierarchies).toEqual([
    {
      name: 'cpu,cpuacct',
      controllers: ['cpu', 'cpuacct'],
      options: ['cpu', 'cpuacct'],
      mountPoint: '/sys/fs/cgroup/cpu,cpuacct',
      own: '/a/b',
    },
    {
      name: 'systemd',
      controllers: [],
      options: ['none', 'name=systemd'],
      mountPoint: '/sys/fs/cgroup/systemd',
      own: '/c',
    },
  ]);
});

test('hybrid: controllers on version 1 beside a unified tree', () => {
  const layout = cgroupLayout(
    `32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`,
    '4:memory:/x\n0::/\n',
    none,
  );
  expect(layout.mode).toBe('hybrid');
  expect(layout.unified?.mountPoint).toBe('/sys/fs/cgroup/unified');
});

test('a mount that shows a subtree: our own path counts from there', () => {
  const own = (root: string, path: string): string | undefined =>
    cgroupLayout(`32 31 0:29 ${root} /cg rw - cgroup cgroup rw,memory\n`, `4:memory:${path}\n`, none).hierarchies[0]
      ?.own;
  expect(own('/docker/abc', '/docker/abc')).toBe('/');
  expect(own('/docker/abc', '/docker/abc/child')).toBe('/child');
  expect(own('/docker/abc', '/docker/abcdef')).toBe('/docker/abcdef');
  expect(own('/', '/process_api/1')).toBe('/process_api/1');
});

test('spaces in a mount point are written in octal', () => {
  const layout = cgroupLayout(String.raw`32 31 0:29 / /my\040groups rw - cgroup cgroup rw,pids`, '1:pids:/', none);
  expect(layout.hierarchies[0]?.mountPoint).toBe('/my groups');
});

test('a machine without control groups', () => {
  expect(cgroupLayout(ROOT, '', none)).toEqual({ mode: 'none', hierarchies: [], unified: undefined });
});
