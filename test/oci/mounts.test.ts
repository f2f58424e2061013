/** Options of mounts, seen inside a container. */
import { expect, test } from 'bun:test';
import { chmodSync, chownSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mount } from '#runtime/spec/spec.ts';
import { ociWorld } from './world.ts';

const lines = (text: string): string[] => text.trimEnd().split('\n');

test('tmpcopyup: a tmpfs starts with what it covers, and the image keeps its own', () => {
  using world = ociWorld();
  const skel = join(world.rootfs, 'skel');
  mkdirSync(join(skel, 'deep'), { recursive: true });
  writeFileSync(join(skel, 'deep/file'), 'kept');
  chownSync(join(skel, 'deep/file'), 12, 34);
  chmodSync(join(skel, 'deep/file'), 0o4755);
  linkSync(join(skel, 'deep/file'), join(skel, 'again'));
  symlinkSync('/etc/passwd', join(skel, 'link'));
  chmodSync(skel, 0o1777);
  const script = `stat -c '%a %u:%g %h' /skel/deep/file; cat /skel/again; readlink /skel/link; stat -c %a /skel
    grep -c ' /skel tmpfs' /proc/mounts; rm -r /skel/deep; umask; pwd`;
  world.configure(['sh', '-c', script], (spec) => {
    (spec.mounts as Mount[]).push({ destination: '/skel', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] });
  });
  const want = ['4755 12:34 2', 'kept/etc/passwd', '1777', '1', '0022', '/'];
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stderr: '', stdout: `${want.join('\n')}\n` });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: `${want.join('\n')}\n` });
});

test('dest-nofollow refuses a symlink at the destination, and rro makes what is mounted read-only', () => {
  using world = ociWorld();
  symlinkSync('/tmp', join(world.rootfs, 'link'));
  mkdirSync(join(world.rootfs, 'data'));
  mkdirSync(join(world.directory, 'data'));
  const options = ['rbind', 'dest-nofollow', 'rro', 'rnoexec'];
  const bind = (destination: string): void =>
    world.configure(['sh', '-c', 'touch /data/x 2>/dev/null || grep " /data " /proc/mounts'], (spec) => {
      (spec.mounts as Mount[]).push({ destination, source: 'data', options });
    });
  bind('/link');
  expect(world.oci('run', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('mounts[7]') });
  bind('/data');
  const { status, stdout } = world.oci('run', 'a');
  expect(status).toBe(0);
  expect(lines(stdout)[0]?.split(' ')[3]).toMatch(/^ro,.*noexec/);
});

test('a source that is a symlink is followed, copied, or mounted itself', () => {
  using world = ociWorld();
  symlinkSync('nowhere', join(world.directory, 'link'));
  symlinkSync('file', join(world.directory, 'leads'));
  writeFileSync(join(world.directory, 'file'), 'text');
  world.configure(['sh', '-c', 'readlink /copied; readlink /mounted; cat /followed'], (spec) => {
    spec.root = { path: 'rootfs', readonly: false };
    (spec.mounts as Mount[]).push(
      { destination: '/copied', source: 'link', options: ['bind', 'copy-symlink'] },
      { destination: '/mounted', source: 'link', options: ['bind', 'src-nofollow'] },
      { destination: '/followed', source: 'leads', options: ['bind'] },
    );
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: 'nowhere\nnowhere\ntext', stderr: '' });
});

test('mounts are listed in the order of the configuration', () => {
  using world = ociWorld();
  const wanted = ['/a', '/b', '/c', '/d'];
  world.configure(['sh', '-c', 'cut -d" " -f5 /proc/self/mountinfo | grep "^/[a-d]$"'], (spec) => {
    if (spec.root !== undefined) spec.root.readonly = false;
    for (const [index, destination] of wanted.entries()) {
      const bind = { destination, type: 'bind', source: world.directory, options: ['bind'] };
      spec.mounts?.push(index % 2 === 0 ? { destination, type: 'tmpfs', source: 'tmpfs' } : bind);
    }
  });
  const { status, stdout, stderr } = world.oci('run', 'a');
  expect({ status, stderr, order: stdout.trim().split('\n') }).toEqual({ status: 0, stderr: '', order: wanted });
});

test('remount changes what an earlier entry, or a bound tree, has mounted', () => {
  using world = ociWorld();
  const options = ['bind', 'remount', 'ro', 'noexec'];
  world.configure(['sh', '-c', 'grep -E " /(dev/shm|data) " /proc/mounts | cut -d" " -f2,4'], (spec) => {
    if (spec.root !== undefined) spec.root.readonly = false;
    spec.mounts?.push(
      { destination: '/data', source: world.directory, options: ['rbind'] },
      { destination: '/data', options },
      { destination: '/dev/shm', options: ['remount', 'noexec', 'ro'] },
    );
  });
  const { stdout, stderr } = world.oci('run', 'a');
  expect(stderr).toBe('');
  for (const line of lines(stdout)) expect(line).toMatch(/^\/\S+ ro,.*noexec/);
  expect(lines(stdout)).toHaveLength(2);
  world.configure(['true'], (spec) => spec.mounts?.push({ destination: '/bin', options }));
  expect(world.oci('run', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('mounts[7]') });
});
