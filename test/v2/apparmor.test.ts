/** AppArmor, which Debian's kernels have in force; runs in the virtual machine (make test-v2). */
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxBundle, type Bundle } from './bundle.ts';

const ENABLED = '/sys/module/apparmor/parameters/enabled';

function withProfile(bundle: Bundle, apparmorProfile: string): void {
  const file = join(bundle.rootfs, '../config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as { process: { apparmorProfile?: string } };
  config.process.apparmorProfile = apparmorProfile;
  writeFileSync(file, JSON.stringify(config));
}

test('a profile is asked of the kernel: one that is not loaded is told, one that is there is taken', () => {
  expect(readFileSync(ENABLED, 'utf8').trim()).toBe('Y');
  using bundle = busyboxBundle();
  withProfile(bundle, 'nowhere-loaded');
  const { status, stderr } = bundle.run('missing', {}, 'true');
  expect({ status, stderr }).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('nowhere-loaded is not loaded'),
  });
  withProfile(bundle, 'unconfined');
  expect(bundle.run('taken', {}, 'cat /proc/self/attr/current')).toMatchObject({ status: 0, stdout: 'unconfined\n' });
  expect(JSON.parse(bundle.oci('features').stdout)).toMatchObject({ linux: { apparmor: { enabled: true } } });
});

test('so it is for exec', () => {
  using bundle = busyboxBundle();
  expect(bundle.runDetached('a', {}, 'exec sleep 100').status).toBe(0);
  expect(bundle.oci('exec', '--apparmor', 'nowhere-loaded', 'a', 'true')).toMatchObject({ status: 255 });
  expect(bundle.oci('exec', '--apparmor', 'unconfined', 'a', 'echo', 'ran').stdout).toBe('ran\n');
  expect(bundle.oci('delete', '--force', 'a').status).toBe(0);
});
