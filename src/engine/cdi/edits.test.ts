import { expect, test } from 'bun:test';
import type { Spec } from '#runtime/spec/spec.ts';
import { withEdits } from './edits.ts';

const SPEC: Spec = {
  ociVersion: '1.2.0',
  process: { user: { uid: 1000, gid: 100, additionalGids: [100] }, args: ['x'], cwd: '/', env: ['PATH=/bin', 'A=1'] },
  mounts: [
    { destination: '/proc', type: 'proc' },
    { destination: '/lib/driver', type: 'bind', source: '/old' },
  ],
  linux: { devices: [{ path: '/dev/a', type: 'c', major: 1, minor: 1 }], resources: { devices: [{ allow: false }] } },
};

test('every edit has its place in the specification', () => {
  const edited = withEdits(
    SPEC,
    {
      env: ['A=2', 'B=3'],
      additionalGids: [0, 7, 100],
      mounts: [
        { hostPath: '/deep', containerPath: '/lib/driver/deep', options: ['ro', 'bind'] },
        { hostPath: '/new', containerPath: '/lib/driver' },
        { hostPath: 'tmpfs', containerPath: '/t', type: 'tmpfs' },
      ],
      deviceNodes: [
        { path: '/dev/a', type: 'b', major: 8, minor: 1, permissions: 'r', uid: 5 },
        { path: '/dev/pipe', type: 'p' },
      ],
      netDevices: [{ hostInterfaceName: 'dummy7', name: 'eth7' }],
      intelRdt: { closID: 'toy', enableCMT: true },
      hooks: [{ hookName: 'createRuntime', path: '/bin/hook' }],
    },
    'acme.com/toy=one',
  );
  expect(edited.process).toMatchObject({
    env: ['PATH=/bin', 'A=2', 'B=3'],
    user: { uid: 1000, gid: 100, additionalGids: [100, 7] },
  });
  expect(edited.mounts).toEqual([
    { destination: '/proc', type: 'proc' },
    { destination: '/t', type: 'tmpfs', source: 'tmpfs', options: [] },
    { destination: '/lib/driver', type: 'bind', source: '/new', options: ['rbind'] },
    { destination: '/lib/driver/deep', type: 'bind', source: '/deep', options: ['ro', 'bind'] },
  ]);
  // A node belongs to the container's user, unless it is said whose it is.
  expect(edited.linux).toMatchObject({
    devices: [
      { path: '/dev/a', type: 'b', major: 8, minor: 1, uid: 5, gid: 100 },
      { path: '/dev/pipe', type: 'p', uid: 1000, gid: 100 },
    ],
    resources: { devices: [{ allow: false }, { allow: true, type: 'b', major: 8, minor: 1, access: 'r' }] },
    netDevices: { dummy7: { name: 'eth7' } },
    intelRdt: { closID: 'toy', enableMonitoring: true },
  });
  expect(edited.hooks).toEqual({ createRuntime: [{ path: '/bin/hook' }] });
  // The one that was given is what it was.
  expect(SPEC.process?.env).toEqual(['PATH=/bin', 'A=1']);
});

test('what is left out of a node is that of the host, and what is missing there is named', () => {
  const { linux } = withEdits(SPEC, { deviceNodes: [{ path: '/dev/zilch', hostPath: '/dev/null' }] }, 'a.b/c=d');
  expect(linux?.devices?.at(-1)).toMatchObject({ path: '/dev/zilch', type: 'c', major: 1, minor: 3 });
  expect(() => withEdits(SPEC, { deviceNodes: [{ path: '/etc/hostname' }] }, 'a.b/c=d')).toThrow('is no device');
  expect(() => withEdits(SPEC, { hooks: [{ hookName: 'poststart', path: '/x' }] }, 'a.b/c=d')).toThrow('poststart');
});
