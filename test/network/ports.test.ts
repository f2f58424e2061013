import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { asking, removeAll, until } from './asking.ts';
import { CLIENT_ADDRESS, HOST_ADDRESS, networkWorld, type NetworkWorld } from './world.ts';

let world: NetworkWorld;
const { serve, ask, listens } = asking(() => world);
beforeAll(async () => {
  world = await networkWorld();
  // The default network is the first, with the first block.
  world.fine('run', '--rm', '--network', 'bridge', world.image, 'true');
});
afterAll(async () => world[Symbol.asyncDispose]());
afterEach(() => removeAll(world));

describe('ports', () => {
  test("lead in from outside, with the client's address, from the host, its loopback, other networks and itself", async () => {
    world.fine('network', 'create', 'apart');
    serve('--name', 'web', '-p', '8080:80', '-p', `${HOST_ADDRESS}:8081:80`, '-p', '127.0.0.1:8082:80');
    await listens('web');
    expect(ask(world.client, HOST_ADDRESS, 8080)).toBe(CLIENT_ADDRESS);
    expect(ask(world.client, HOST_ADDRESS, 8081)).toBe(CLIENT_ADDRESS);
    expect(ask(world.client, HOST_ADDRESS, 8082)).toBe('');
    for (const port of [8080, 8082]) expect(ask(world.host, '127.0.0.1', port)).toBe('10.88.0.1');
    expect(ask(world.host, '127.0.0.1', 8081)).toBe('');
    expect(ask(['--network', 'apart'], HOST_ADDRESS, 8080)).toMatch(/^10\./);
    expect(
      world.fine(
        'exec',
        'web',
        'sh',
        '-c',
        `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${HOST_ADDRESS} 8080 | tail -n 1`,
      ),
    ).toMatch(/10\.88\.0\./);
    expect(world.fine('port', 'web').split('\n')).toEqual([
      '80/tcp -> 0.0.0.0:8080',
      '80/tcp -> [::]:8080',
      `80/tcp -> ${HOST_ADDRESS}:8081`,
      '80/tcp -> 127.0.0.1:8082',
    ]);
    world.fine('stop', '-t', '1', 'web');
    expect(ask(world.client, HOST_ADDRESS, 8080)).toBe('');
    expect(world.fine('port', 'web')).toBe('');
    world.fine('start', 'web');
    await listens('web');
    expect(ask(world.client, HOST_ADDRESS, 8080)).toBe(CLIENT_ADDRESS);
    world.fine('rm', '-f', 'web');
    world.fine('network', 'rm', 'apart');
  });

  test('any free port, a range, and those of who has ended', async () => {
    serve('--name', 'free', '-p', '80', '-p', '9000-9002:81');
    const [first = '', second = ''] = world.fine('port', 'free').split('\n');
    expect(first).toMatch(/^80\/tcp -> 0\.0\.0\.0:(3[2-9]|[45]\d|60)\d{3}$/);
    expect(second).toStartWith('80/tcp -> [::]:');
    await listens('free');
    expect(ask(world.client, HOST_ADDRESS, first.split(':').at(-1) ?? '')).toBe(CLIENT_ADDRESS);
    expect(world.fine('port', 'free', '81')).toContain('0.0.0.0:9000');
    const next = world.fine('run', '-d', '-p', '9000-9002:81', world.image, 'sleep', '60');
    expect(world.fine('port', next, '81')).toContain('0.0.0.0:9001');
    const three = world.sampan('run', '-d', '-p', '9001-9003:1-3', world.image, 'true');
    expect(three).toMatchObject({ status: 125, stderr: expect.stringContaining('port 9001 is already allocated') });
  });

  test('taken ones are named with who has them', () => {
    world.fine('run', '-d', '--name', 'holder', '-p', '8080:80', world.image, 'sleep', '60');
    const tried = (port: string) => world.sampan('run', '-d', '--name', 'late', '-p', port, world.image, 'sleep', '60');
    const late = tried('127.0.0.1:8080:1');
    expect(late).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('already allocated to container holder'),
    });
    world.fine('rm', 'late');
    world.host.run(['sh', '-c', 'busybox nc -l -p 8099 >/dev/null 2>&1 </dev/null & sleep 0.3']);
    expect(tried('8099:1').stderr).toMatch(/port 8099 is in use by process \d+ \(busybox\)/);
    world.fine('rm', 'late');
    expect(tried('8080:80/udp').status).toBe(0);
    world.fine('rm', '-f', 'late');
    expect(tried('70000:80').stderr).toContain('no port');
    expect(tried('8000-8002:1-2').stderr).toContain('differ in length');
    expect(tried('1.2.3:80:80').stderr).toContain('no address');
  });
});

test('every exposed port with -P, datagrams, IPv6 from outside; ps finds them', async () => {
  world.fine('run', '-d', '--name', 'all', '-P', '--expose', '81/udp', '--expose', '82', world.image, 'sleep', '60');
  expect(world.fine('port', 'all', '82')).toMatch(/^0\.0\.0\.0:\d+\n\[::\]:\d+$/);
  expect(world.fine('port', 'all', '81/udp')).toMatch(/^0\.0\.0\.0:\d+\n/);
  expect(world.fine('ps', '--format', '{{.Ports}}')).toMatch(/0\.0\.0\.0:\d+->81\/udp.*->82\/tcp/);
  for (const filter of ['publish=82', 'publish=81/udp', 'expose=82', 'network=bridge'])
    expect([filter, world.fine('ps', '--filter', filter, '--format', '{{.Names}}')]).toEqual([filter, 'all']);
  for (const filter of ['publish=83', 'publish=82/udp', 'network=none'])
    expect([filter, world.fine('ps', '--filter', filter, '--format', '{{.Names}}')]).toEqual([filter, '']);
  world.fine('network', 'create', '--ipv6', 'six');
  serve('--name', 'web6', '--network', 'six', '-p', '8086:80');
  await listens('web6');
  expect(ask(world.client, '2001:db8::1', 8086)).toContain('2001:db8::2');
  const echo =
    'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 53)); m, a = s.recvfrom(99); s.sendto(m + a[0].encode(), a)';
  const python = ['/usr', '/lib', '/lib64'].flatMap((path) => ['-v', `${path}:${path}:ro`]);
  world.fine(
    'run',
    '-d',
    '--name',
    'datagrams',
    '-p',
    '5300:53/udp',
    ...python,
    world.image,
    '/usr/bin/python3',
    '-c',
    echo,
  );
  await until(() => world.sampan('exec', 'datagrams', 'grep', '-q', ':0035 ', '/proc/net/udp').status === 0);
  const send = `import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); s.sendto(b"from ", ("${HOST_ADDRESS}", 5300)); print(s.recv(99).decode())`;
  expect(world.client.run(['python3', '-c', send]).trim()).toBe(`from ${CLIENT_ADDRESS}`);
  world.fine('rm', '-f', 'web6');
  world.fine('network', 'rm', 'six');
});

describe('the rules', () => {
  const table = (): string => world.host.run(['nft', 'list', 'ruleset']);

  test('foreign ones and SAMPAN-USER are left alone, and ours come back after a flush', async () => {
    serve('--name', 'web', '-p', '8080:80');
    await listens('web');
    const name = /table inet (sampan\S*)/.exec(table())?.[1] ?? '';
    world.host.run(['nft', 'add', 'table', 'inet', 'mine']);
    world.host.run([
      'nft',
      'add',
      'rule',
      'inet',
      name,
      'SAMPAN-USER',
      'tcp',
      'dport',
      '80',
      'ip',
      'saddr',
      CLIENT_ADDRESS,
      'drop',
    ]);
    world.fine('run', '--rm', '-p', '8081:80', world.image, 'true');
    expect(table()).toContain('table inet mine');
    expect(ask(world.client, HOST_ADDRESS, 8080)).toBe('');
    world.host.run(['nft', 'delete', 'table', 'inet', name]);
    world.fine('run', '--rm', '--network', 'bridge', world.image, 'true');
    expect(ask(world.client, HOST_ADDRESS, 8080)).toBe(CLIENT_ADDRESS);
    world.host.run(['nft', 'flush', 'ruleset']);
    world.host.run(['ip', 'link', 'del', 'sampan0']);
    expect(world.fine('network', 'repair')).toBe('bridge');
    expect(ask(world.client, HOST_ADDRESS, 8080)).toBe(CLIENT_ADDRESS);
  });

  test("a drop policy of the host's own firewall is not got round", async () => {
    serve('--name', 'web', '-p', '8080:80');
    await listens('web');
    world.host.run(['nft', 'add', 'table', 'inet', 'wall']);
    world.host.run([
      'nft',
      'add',
      'chain',
      'inet',
      'wall',
      'f',
      '{ type filter hook forward priority 10; policy drop; }',
    ]);
    expect(ask(world.client, HOST_ADDRESS, 8080)).toBe('');
    world.host.run(['nft', 'delete', 'table', 'inet', 'wall']);
    expect(ask(world.client, HOST_ADDRESS, 8080)).toBe(CLIENT_ADDRESS);
  });
});

test('kills at random points leave no device, address, port or rule behind', async () => {
  for (let round = 0; round < 12; round++) {
    const child = Bun.spawn(
      [
        'nsenter',
        '-t',
        String(world.host.pid),
        '-n',
        ...world.command('run', '--rm', '-p', '8080:80', world.image, 'true'),
      ],
      {
        stdio: ['ignore', 'ignore', 'ignore'],
      },
    );
    await Bun.sleep(round * 6);
    child.kill('SIGKILL');
    await child.exited;
  }
  await until(() => world.fine('ps', '-aq') === '');
  expect(world.fine('ps', '-aq')).toBe('');
  await until(() => !/^sp[0-9a-f]/m.test(world.host.run(['ip', '-br', 'link'])));
  expect(world.host.run(['ip', '-br', 'link'])).not.toMatch(/^sp[0-9a-f]/m);
  expect(world.host.run(['nft', 'list', 'ruleset'])).not.toContain('8080');
  expect(world.fine('run', '--rm', '-p', '8080:80', world.image, 'hostname', '-i')).toBe('10.88.0.2');
}, 60_000);
