/** Bind mounts that show ids as others, seen inside a container. */
import { expect, test } from 'bun:test';
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Linux, Mount } from '#runtime/spec/spec.ts';
import { ociWorld, type OciWorld } from './world.ts';

const SCRIPT = 'stat -c %u:%g /data/f; touch /data/made && echo made';

function data(world: OciWorld): string {
  const directory = join(world.directory, 'data');
  mkdirSync(directory);
  mkdirSync(join(world.rootfs, 'data'));
  writeFileSync(join(directory, 'f'), '');
  chownSync(join(directory, 'f'), 3, 4);
  chmodSync(world.directory, 0o755);
  return directory;
}

test('maps of the mount change what is shown, and what is written goes back through them', () => {
  using world = ociWorld();
  data(world);
  world.configure(['sh', '-c', SCRIPT], (spec) => {
    (spec.mounts as Mount[]).push({
      destination: '/data',
      source: 'data',
      options: ['bind'],
      uidMappings: [
        { containerID: 0, hostID: 0, size: 1 },
        { containerID: 3, hostID: 1003, size: 1 },
      ],
      gidMappings: [{ containerID: 0, hostID: 0, size: 10 }],
    });
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: '1003:4\nmade\n', stderr: '' });
});

test('in a user namespace the container’s own maps make it root of its data', () => {
  using world = ociWorld();
  const directory = data(world);
  world.configure(['sh', '-c', SCRIPT], (spec) => {
    const linux = spec.linux as Linux;
    linux.namespaces?.push({ type: 'user' });
    linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }];
    (spec.mounts as Mount[]).push({ destination: '/data', source: 'data', options: ['rbind', 'ridmap'] });
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: '3:4\nmade\n', stderr: '' });
  expect(statSync(join(directory, 'made')).uid).toBe(0);
});

test('the form of crun in the option', () => {
  using world = ociWorld();
  data(world);
  world.configure(['stat', '-c', '%u:%g', '/data/f'], (spec) => {
    const options = ['bind', 'idmap=uids=3-77-1;gids=4-88-1'];
    (spec.mounts as Mount[]).push({ destination: '/data', source: 'data', options });
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: '77:88\n', stderr: '' });
});
