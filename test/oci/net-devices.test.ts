/** Network devices of the host that a container is given. The host is a network namespace of the test's own. */
import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Linux, Spec } from '#runtime/spec/spec.ts';
import { SAMPAN } from '#tools/places.ts';
import { ociWorld, type OciWorld, type Outcome } from './world.ts';

const RUN = 'run a';

/** Runs a script in a network namespace (and one of mounts) with `dev0` and `dev1`; `run a` in it runs the container. */
function onHost(world: OciWorld, script: string): Outcome {
  const oci = `${SAMPAN} oci --root ${join(world.directory, 'state')}`;
  const veth = (number: number): string => `ip link add dev${number} type veth peer name other${number}`;
  const made = `${veth(0)} && ${veth(1)}`;
  const text = `run() { ${oci} run "$@"; }\n${made} || exit 99\n${script}`;
  const { status, stdout, stderr } = spawnSync('unshare', ['--net', '--mount', 'sh', '-c', text], {
    cwd: world.directory,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const given = (netDevices: NonNullable<Linux['netDevices']>) => (spec: Spec) => {
  spec.linux = { ...spec.linux, netDevices };
};

test('a device arrives by its new name, up, with its MTU, hardware address and addresses of global scope', () => {
  using world = ociWorld();
  world.configure(['ip', 'addr', 'show', 'dev', 'net0'], given({ dev0: { name: 'net0' } }));
  const { status, stdout, stderr } = onHost(
    world,
    `ip link set dev0 mtu 1434 address 02:00:00:00:12:34
    ip addr add 192.0.2.7/24 dev dev0; ip addr add 2001:db8::7/64 dev dev0; ip addr add 169.254.9.9/16 scope link dev dev0
    ${RUN} && ip -o link`,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/net0@\w+: <[A-Z,_-]*\bUP\b[A-Z,_-]*> mtu 1434/);
  for (const kept of ['02:00:00:00:12:34', '192.0.2.7/24', '2001:db8::7/64']) expect(stdout).toContain(kept);
  expect(stdout).not.toContain('169.254.9.9');
  // The host has it no more, but still the other one.
  expect(stdout).not.toContain('dev0');
  expect(stdout).toContain('dev1@other1:');
});

test('the name stays when none is given, and a %d is a number that is free', () => {
  using world = ociWorld();
  world.configure(['sh', '-c', 'ls /sys/class/net'], given({ dev0: {}, dev1: { name: 'wan%d' } }));
  expect(onHost(world, RUN)).toMatchObject({ status: 0, stderr: '', stdout: 'dev0\nlo\nwan0\n' });
});

test('settings of a device are made after it has arrived', () => {
  using world = ociWorld();
  world.configure(['cat', '/proc/sys/net/ipv4/conf/net0/forwarding'], (spec) => {
    given({ dev0: { name: 'net0' } })(spec);
    spec.linux = { ...spec.linux, sysctl: { 'net.ipv4.conf.net0.forwarding': '1' } };
  });
  expect(onHost(world, RUN)).toMatchObject({ status: 0, stderr: '', stdout: '1\n' });
});

test('a namespace joined by path, and a user namespace', () => {
  using world = ociWorld();
  const map = [{ containerID: 0, hostID: 100_000, size: 1000 }];
  world.configure(['ip', '-o', 'addr', 'show', 'dev', 'net0'], (spec) => {
    given({ dev0: { name: 'net0' } })(spec);
    spec.linux = { ...spec.linux, uidMappings: map, gidMappings: map };
    spec.linux.namespaces?.push({ type: 'user' });
  });
  const inUser = onHost(world, `ip addr add 192.0.2.7/24 dev dev0; ${RUN}`);
  expect(inUser).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('192.0.2.7/24') });
  world.configure(['ip', '-o', 'addr', 'show', 'dev', 'net0'], (spec) => {
    given({ dev0: { name: 'net0' } })(spec);
    const network = spec.linux?.namespaces?.find(({ type }) => type === 'network');
    if (network !== undefined) network.path = join(world.directory, 'netns');
  });
  const joined = onHost(
    world,
    `touch netns; unshare --net=netns true && ip addr add 192.0.2.8/24 dev dev0; ${RUN}; s=$?
    nsenter --net=netns ip -o link; umount netns; exit $s`,
  );
  expect(joined).toMatchObject({ status: 0, stderr: '' });
  expect(joined.stdout).toContain('192.0.2.8/24');
  expect(joined.stdout).toMatch(/net0@.*\bUP\b/);
});

test('what cannot be had fails, with the field, and the device stays where it was, as it was', () => {
  using world = ociWorld();
  const cases: [Linux['netDevices'], string][] = [
    [{ none9: {} }, 'linux.netDevices.none9: there is no such network device'],
    [{ dev0: { name: 'lo' } }, 'linux.netDevices.dev0: lo exists in the container already'],
    [{ lo: { name: 'net0' } }, 'linux.netDevices.lo'],
    [{ dev0: { name: 'a/b' } }, 'linux.netDevices.dev0.name'],
    [{ dev0: { name: 'x' }, dev1: { name: 'x' } }, 'two devices are to be called x'],
  ];
  for (const [devices, said] of cases) {
    world.configure(['true'], given(devices ?? {}));
    const failed = onHost(world, `ip addr add 192.0.2.7/24 dev dev0; ${RUN}; s=$?; ip -o addr show dev dev0; exit $s`);
    expect(failed).toMatchObject({ status: 1, stdout: expect.stringContaining('192.0.2.7/24') });
    expect(failed.stderr).toContain(said);
  }
  world.configure(['true'], (spec) => {
    given({ dev0: {} })(spec);
    const without = (spec.linux?.namespaces ?? []).filter(({ type }) => type !== 'network');
    spec.linux = { ...spec.linux, namespaces: without };
  });
  expect(onHost(world, RUN).stderr).toContain('needs a network namespace of its own');
  expect(world.leftovers()).toEqual([]);
});
