import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { asking, removeAll, server, until } from './asking.ts';
import { CLIENT_ADDRESS, HOST_ADDRESS, networkWorld, type NetworkWorld } from './world.ts';

let world: NetworkWorld;
const { serve, ask, listens } = asking(() => world);
beforeAll(async () => {
  world = await networkWorld();
});
afterAll(async () => world[Symbol.asyncDispose]());
afterEach(() => removeAll(world));

describe('the default network', () => {
  test('has an address, a way out by translation, and names for the host', () => {
    const said = world.fine(
      'run',
      '--rm',
      '--network',
      'bridge',
      world.image,
      'sh',
      '-c',
      'ip -4 addr show eth0; ip route; cat /etc/hosts',
    );
    expect(said).toContain('inet 10.88.0.2/16');
    expect(said).toContain('default via 10.88.0.1 dev eth0');
    expect(said).toMatch(/^10\.88\.0\.1\thost\.docker\.internal host\.containers\.internal$/m);
    expect(said).toMatch(/^10\.88\.0\.2\t[0-9a-f]{12}$/m);
    expect(said).not.toContain('127.0.1.1');
    world.client.run(['sh', '-c', `(${server(81)}) >/dev/null 2>&1 & sleep 0.5`]);
    expect(ask(['--network', 'bridge'], CLIENT_ADDRESS, 81)).toBe(HOST_ADDRESS);
  });

  test('takes the MTU of the uplink', () => {
    // /sys of this test shows the real host's devices, so the option stands in for it.
    world.fine('network', 'create', '-o', 'com.docker.network.driver.mtu=1280', 'narrow');
    const said = world.fine('run', '--rm', '--network', 'narrow', world.image, 'cat', '/sys/class/net/eth0/mtu');
    expect(said).toBe('1280');
    world.fine('network', 'rm', 'narrow');
  });

  test('cannot be removed, and goes on after its bridge was taken away', () => {
    expect(world.sampan('network', 'rm', 'bridge')).toMatchObject({
      status: expect.any(Number),
      stderr: expect.stringContaining('default'),
    });
    world.host.run(['ip', 'link', 'del', 'sampan0']);
    expect(world.fine('run', '--rm', '--network', 'bridge', world.image, 'hostname', '-i')).toBe('10.88.0.2');
  });
});

describe("networks of one's own", () => {
  test('are apart from each other; each has its block', async () => {
    const [one, two] = [world.fine('network', 'create', 'one'), world.fine('network', 'create', '--internal', 'two')];
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    serve('--name', 'server', '--network', 'one');
    await listens('server');
    const address = world.fine('exec', 'server', 'hostname', '-i');
    expect(address).toBe('10.89.0.2');
    expect(ask(['--network', 'one'], address, 80)).toBe('10.89.0.3');
    expect(ask(['--network', 'bridge'], address, 80)).toBe('');
    expect(ask(['--network', 'two'], address, 80)).toBe('');
    expect(ask(['--network', 'two'], CLIENT_ADDRESS, 81)).toBe('');
    // Nothing that is not published is reached from outside, even by who knows the way.
    world.client.run(['ip', 'route', 'add', '10.89.0.0/16', 'via', HOST_ADDRESS]);
    expect(ask(world.client, address, 80)).toBe('');
    expect(ask(world.host, address, 80)).toBe('10.89.0.1');
    const used = world.sampan('network', 'rm', 'one');
    expect(used.status).not.toBe(0);
    expect(used.stderr).toContain('container server is in it');
    world.fine('rm', '-f', 'server');
    expect(world.fine('network', 'prune', '-f').split('\n')).toEqual(['Deleted Networks:', 'one', 'two']);
    expect(world.host.run(['ip', '-br', 'link'])).not.toContain('sp-');
    expect(world.sampan('network', 'inspect', two).status).not.toBe(0);
  });

  test('may have addresses of both kinds, and several may hold one container', () => {
    world.fine(
      'network',
      'create',
      '--subnet',
      '10.7.0.0/24',
      '--subnet',
      'fd00:7::/64',
      '--gateway',
      '10.7.0.254',
      'both',
    );
    world.fine('network', 'create', '--subnet', '10.8.0.0/24', '--ip-range', '10.8.0.128/25', 'ranged');
    const place = ['--network', 'both:ip=10.7.0.9,mac=02:00:00:00:00:09', '--network', 'ranged'];
    const said = world.fine(
      'run',
      '--rm',
      ...place,
      world.image,
      'sh',
      '-c',
      'ip addr; ip route; ip -6 route; cat /sys/class/net/eth0/address',
    );
    expect(said).toContain('inet 10.7.0.9/24');
    expect(said).toContain('inet6 fd00:7::2/64');
    expect(said).toContain('inet 10.8.0.128/24');
    expect(said).toContain('default via 10.7.0.254 dev eth0');
    expect(said).toContain('default via fd00:7::1 dev eth0');
    expect(said.split('\n').at(-1)).toBe('02:00:00:00:00:09');
    world.fine('network', 'prune', '-f');
  });

  test('are joined and left while it runs, in any order, and its restarts are in the same', async () => {
    for (const name of ['first', 'second']) world.fine('network', 'create', name);
    world.fine(
      'run',
      '-d',
      '--name',
      'roamer',
      '--restart',
      'always',
      '--network',
      'first',
      world.image,
      'sleep',
      '99',
    );
    for (const verb of ['connect', 'disconnect', 'connect']) world.fine('network', verb, 'second', 'roamer');
    world.fine('network', 'disconnect', 'first', 'roamer');
    const routes = (): string => world.sampan('exec', 'roamer', 'ip', 'route').stdout;
    expect(routes()).toMatch(/^default via \S+ dev eth1/);
    const before = world.fine('inspect', '-f', '{{.State.Pid}}', 'roamer');
    process.kill(Number(before), 'SIGKILL');
    await until(() => routes().includes('eth1'));
    expect(routes()).not.toContain('eth0');
    expect(world.fine('inspect', '-f', '{{.State.Pid}}', 'roamer')).not.toBe(before);
    world.fine('network', 'connect', 'first', 'roamer');
    expect(routes()).toMatch(/^default via \S+ dev eth0/);
    world.fine('rm', '-f', 'roamer');
    world.fine('network', 'prune', '-f');
  });

  test.each([
    ['overlaps', ['--subnet', '10.88.7.0/24', 'x'], 'network bridge'],
    ['clashes with a route of the host', ['--subnet', '192.0.2.128/25', 'x'], 'route'],
    ['gateway elsewhere', ['--subnet', '10.7.0.0/24', '--gateway', '10.8.0.1', 'x'], '--gateway'],
    ['too small', ['--subnet', '10.7.0.0/31', 'x'], 'small'],
    ['no subnet', ['--subnet', '10.7.0.0', 'x'], '--subnet'],
    ['a name that means something else', ['host'], 'not a name'],
    ['no such driver', ['-d', 'overlay', 'x'], 'no driver'],
    ['a device that is there', ['-o', 'com.docker.network.bridge.name=up0', 'x'], 'a device up0 already'],
    ['a pattern for a device', ['-o', 'com.docker.network.bridge.name=br*', 'x'], 'no name for a device'],
    ['no such option', ['-o', 'com.docker.network.bridge.nmae=x', 'x'], 'has no option'],
    ['no such mode', ['-d', 'macvlan', '-o', 'parent=up0', '-o', 'macvlan_mode=open', 'x'], 'no mode'],
    ['no MTU', ['-o', 'com.docker.network.driver.mtu=big', 'x'], 'no MTU'],
    ['a macvlan on nothing', ['-d', 'macvlan', 'x'], 'parent'],
  ])('refused, and nothing is made: %s', (_, args, word) => {
    world.fine('run', '--rm', '--network', 'bridge', world.image, 'true');
    const before = world.fine('network', 'ls');
    const { status, stderr } = world.sampan('network', 'create', ...args);
    expect({ status: status === 0, stderr }).toEqual({ status: false, stderr: expect.stringContaining(word) });
    expect(world.fine('network', 'ls')).toBe(before);
  });

  test('an address that is taken, or out of the block, or a network that is not there', () => {
    world.fine('network', 'create', '--subnet', '10.7.0.0/29', 'tiny');
    const ids = [2, 3, 4, 5, 6].map((at) =>
      world.fine('create', '--network', 'tiny', '--ip', `10.7.0.${at}`, world.image, 'true'),
    );
    const tried = (...args: string[]) => world.sampan('run', '--rm', ...args, world.image, 'true').stderr;
    expect(tried('--network', 'tiny', '--ip', '10.7.0.3')).toContain('in use');
    expect(tried('--network', 'tiny', '--ip', '10.7.0.1')).toContain('in use');
    expect(tried('--network', 'tiny', '--ip', '10.7.0.7')).toContain('not an address of');
    expect(tried('--network', 'tiny')).toContain('none left');
    expect(tried('--network', 'tiny', '--network-alias', 'x\npeer 9 0 10.7.0.9 - bank')).toContain('no name for');
    expect(tried('--network', 'tiny', '--dns-search', 'a\nnameserver 10.0.0.1')).toContain('not one word');
    expect(tried('--network', 'nothere')).toContain('network nothere not found');
    expect(tried('--network', 'none', '--network', 'tiny')).toContain('no other network');
    world.fine('rm', ...ids);
    expect(world.fine('run', '--rm', '--network', 'tiny', world.image, 'hostname', '-i')).toBe('10.7.0.2');
    world.fine('network', 'rm', 'tiny');
  });
});

test('a macvlan puts a container beside the host, where the client reaches it by its own address', async () => {
  world.fine('network', 'create', '-d', 'macvlan', '-o', 'parent=up0', '--subnet', '198.51.100.0/24', 'beside');
  world.client.run(['ip', 'addr', 'add', '198.51.100.1/24', 'dev', 'up1']);
  serve('--name', 'own', '--network', 'beside', '--ip', '198.51.100.9');
  await listens('own');
  expect(ask(world.client, '198.51.100.9', 80)).toBe('198.51.100.1');
  world.fine('rm', '-f', 'own');
  world.fine('network', 'rm', 'beside');
  world.fine('network', 'create', '-d', 'macvlan', '-o', 'parent=gone0', 'beside');
  const { status, stderr } = world.sampan('run', '--rm', '--network', 'beside', world.image, 'true');
  expect({ status, stderr }).toEqual({ status: 125, stderr: expect.stringContaining('no device gone0') });
  world.fine('network', 'rm', 'beside');
});

test('a container with an internal network first goes out by the other', () => {
  world.fine('network', 'create', '--internal', 'inner');
  world.fine('network', 'create', 'outer');
  const place = ['--network', 'inner', '--network', 'outer'];
  expect(world.fine('run', '--rm', ...place, world.image, 'ip', 'route')).toMatch(
    /^default via 10\.\d+\.0\.1 dev eth1/m,
  );
  world.fine('network', 'prune', '-f');
});

test('what a container sends to the loopback of the host does not arrive', async () => {
  // As a packet socket would: to 127.0.0.1 by the bridge's own hardware address.
  world.host.run([
    'sh',
    '-c',
    `(${server(9100).replace('httpd -f -p 9100', 'httpd -f -p 127.0.0.1:9100')}) >/dev/null 2>&1 & sleep 0.3`,
  ]);
  expect(ask(world.host, '127.0.0.1', 9100)).toContain('127.0.0.1');
  const trick = [
    'ip addr del 127.0.0.1/8 dev lo; ip link set lo down',
    'ip route add 127.0.0.1/32 via 10.88.0.1 dev eth0',
    'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet; echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet',
    "printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 2 127.0.0.1 9100",
  ].join('; ');
  const said = world.sampan(
    'run',
    '--rm',
    '--privileged',
    '--network',
    'bridge',
    world.image,
    'sh',
    '-c',
    trick,
  ).stdout;
  expect(said).not.toContain('127.0.0.1');
  expect(said).not.toContain('10.88');
});
