import { expect, test } from 'bun:test';
import { HYBRID_HOST, V2_HOST } from '#kernel/host-facts.fixture.ts';
import { DEFAULT_OPTIONS, type ContainerOptions } from './options.ts';
import { systemdEnvironment, withSystemd } from './systemd.ts';
import { systemdWarnings } from './systemd-warnings.ts';

const ready = (options: Partial<ContainerOptions>, image: object = {}): ContainerOptions =>
  withSystemd({ ...DEFAULT_OPTIONS, ...options }, image);
const places = ({ tmpfs = [] }: ContainerOptions): string[] => tmpfs.map(({ destination }) => destination);

test.each([
  ['/sbin/init', true],
  ['/usr/sbin/init', true],
  ['/usr/local/sbin/init', true],
  ['/lib/systemd/systemd', true],
  ['systemd', true],
  ['init', false],
  ['/bin/init', false],
  ['/usr/bin/systemd-run', false],
])('%s is systemd: %p', (program, found) => {
  expect(ready({ command: [program] }).systemd).toBe(found ? 'always' : undefined);
  expect(ready({}, { Entrypoint: [program], Cmd: ['--log-level=info'] }).systemd).toBe(found ? 'always' : undefined);
});

test('what is said goes before what is found', () => {
  expect(ready({ command: ['/sbin/init'], systemd: 'never' })).toEqual({ ...DEFAULT_OPTIONS, command: ['/sbin/init'] });
  expect(ready({ command: ['/start'], systemd: 'always' })).toMatchObject({
    systemd: 'always',
    stopSignal: 'SIGRTMIN+3',
  });
});

test('directories in memory where nothing else is asked for, and the stop signal that halts', () => {
  const made = ready({ command: ['/sbin/init'] });
  expect(places(made)).toEqual(['/run', '/run/lock', '/tmp', '/var/log/journal']);
  const asked = ready({
    command: ['/sbin/init'],
    tmpfs: [{ destination: '/run/', options: ['size=1m'] }],
    volumes: [{ name: 'journal', destination: '/var/log/journal', readOnly: false, options: [] }],
    stopSignal: 'SIGTERM',
  });
  expect(places(asked)).toEqual(['/run/lock', '/tmp', '/run/']);
  expect(asked.stopSignal).toBe('SIGTERM');
  expect(ready({ command: ['/sbin/init'] }, { StopSignal: 'SIGHUP' }).stopSignal).toBe('SIGHUP');
});

test('it is told that it is in a container, and which', () => {
  const id = '0123456789abcdef0123456789abcdef0123456789abcdef';
  expect(systemdEnvironment(ready({ command: ['/sbin/init'] }), id)).toEqual([
    'container=sampan',
    'container_uuid=01234567-89ab-cdef-0123-456789abcdef',
  ]);
  expect(systemdEnvironment(ready({ command: ['sh'] }), id)).toEqual([]);
});

test('limits that can be lifted from inside, and a host that has nothing for it, are told', () => {
  const limited = ready({ command: ['/sbin/init'], memory: 1e8 });
  const { unified } = V2_HOST.cgroup;
  const delegating = { ...V2_HOST.cgroup, ...(unified && { unified: { ...unified, namespacesDelegate: true } }) };
  expect(systemdWarnings(limited, delegating)).toEqual([]);
  expect(systemdWarnings(ready({ command: ['/sbin/init'] }), V2_HOST.cgroup)).toEqual([]);
  expect(systemdWarnings(limited, V2_HOST.cgroup)).toEqual([expect.stringContaining('nsdelegate')]);
  expect(systemdWarnings({ ...limited, cgroupnsMode: 'host' }, delegating)).toHaveLength(1);
  expect(systemdWarnings(limited, HYBRID_HOST.cgroup)).toEqual([]);
  expect(systemdWarnings(limited, { mode: 'none', hierarchies: [], unified: undefined })).toEqual([
    expect.stringContaining('no hierarchy'),
  ]);
});
